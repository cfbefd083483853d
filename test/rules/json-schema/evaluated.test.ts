import { expect, it } from "vitest";
import { WorkMeter } from "../../../src/model/work-meter";
import { Evaluated } from "../../../src/rules/json-schema/evaluated";

it("has the members and items that were added, and the items before an index", () => {
  const seen = new Evaluated();
  seen.add("a");
  seen.add(7);
  seen.addItemsBefore(3);
  seen.addItemsBefore(1);
  expect(["a", "b", 7, 8, 2, 3].map((name) => seen.has(name))).toEqual([true, false, true, false, true, false]);
});

it("has everything after addAll, also when merged", () => {
  const all = new Evaluated();
  all.addAll();
  const seen = new Evaluated();
  seen.merge(all, new WorkMeter(10));
  expect([seen.has("a"), seen.has(1_000)]).toEqual([true, true]);
});

it("merges the names of another and charges for each", () => {
  const other = new Evaluated();
  for (const name of ["a", "b"]) other.add(name);
  other.addItemsBefore(2);
  const meter = new WorkMeter(10);
  const seen = new Evaluated();
  seen.merge(other, meter);
  expect(["a", "b", 1, 2].map((name) => seen.has(name))).toEqual([true, true, true, false]);
  expect(meter.spent).toBe(5);
});
