import { expect, it } from "vitest";
import type { Partition } from "../../../src/storage/partitions/partition";
import { PartitionMap } from "../../../src/storage/partitions/partition-map";
import { unreadableIn } from "../../../src/storage/questions/unreadable";
import { partitionOf } from "../partitions/sample-partition";

/** A partition of [100, 200). */
const parts = (changes: Partial<Partition>, period = { start: 150, end: 400 }) =>
  unreadableIn(new PartitionMap(1, [partitionOf({ from: 100, to: 200, ...changes })]), [period]);

it.each<[string, Partial<Partition>, boolean]>([
  ["open", { state: "open" }, false],
  ["sealed", { state: "sealed", late: true }, false],
  ["archived", { state: "archived" }, true],
  ["dropped with late events", { state: "dropped", late: true }, true],
  ["dropped", { state: "dropped" }, true],
  ["not created completely", { ready: false }, false],
])("reports the part of a period whose events have left the databases: %s", (_, changes, isUnreadable) => {
  expect(parts(changes)).toEqual(isUnreadable ? [{ start: 150, end: 200 }] : []);
});

it("excludes the end of a period", () => {
  expect(parts({ state: "dropped" }, { start: 0, end: 100 })).toEqual([]);
  expect(parts({ state: "dropped" }, { start: 0, end: 101 })).toEqual([{ start: 100, end: 101 }]);
});
