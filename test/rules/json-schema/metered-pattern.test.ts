import { expect, it } from "vitest";
import { TooMuchWork, WorkMeter } from "../../../src/model/work-meter";
import { meteredPattern } from "../../../src/rules/json-schema/metered-pattern";

it("matches like the pattern", () => {
  const matches = meteredPattern("^a+$");
  expect(["a", "aaa", "", "ab"].map((text) => matches(text, new WorkMeter(1_000)))).toEqual([true, true, false, false]);
});

it("charges by the length of the text, whether or not it matches", () => {
  const matches = meteredPattern("^[a-z]+$");
  const spent = (text: string) => {
    const meter = new WorkMeter(1_000_000);
    matches(text, meter);
    return meter.spent;
  };
  expect(spent("a".repeat(1_000))).toBe(spent("!".repeat(1_000)));
  expect(spent("a".repeat(10_000))).toBeGreaterThan(spent("a".repeat(1_000)));
});

it("does not run if the meter does not allow it", () => {
  const matches = meteredPattern("^[a-z]+$");
  expect(() => matches("a".repeat(30_000), new WorkMeter(10))).toThrow(TooMuchWork);
});
