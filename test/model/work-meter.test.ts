import { expect, it } from "vitest";
import { TooMuchWork, WorkMeter } from "../../src/model/work-meter";

it("allows work up to its limit, and throws beyond", () => {
  const meter = new WorkMeter(10);
  meter.charge(4);
  expect(meter.spent).toBe(4);
  meter.charge(6);
  expect(() => meter.charge(1)).toThrow(TooMuchWork);
});

it("stays exceeded, and reports at most the limit as spent", () => {
  const meter = new WorkMeter(10);
  expect(() => meter.charge(1_000)).toThrow(TooMuchWork);
  expect(meter.spent).toBe(10);
  expect(() => meter.charge(0)).toThrow(TooMuchWork);
});
