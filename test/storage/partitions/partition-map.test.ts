import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Partition } from "../../../src/storage/partitions/partition";
import { PartitionMap } from "../../../src/storage/partitions/partition-map";
import { partitionOf } from "./sample-partition";

/** Partitions in any order, with gaps. */
const anyPartitions = fc
  .array(fc.record({ gap: fc.nat({ max: 3 }), width: fc.integer({ min: 1, max: 4 }) }), { maxLength: 8 })
  .map((steps) => {
    let end = 0;
    return steps.map(({ gap, width }, id): Partition => {
      const from = end + gap;
      end = from + width;
      return partitionOf({ id, from, to: end });
    });
  })
  .chain((all) => fc.shuffledSubarray(all, { minLength: all.length }));
const anyMoment = fc.nat({ max: 50 });
const anyBound = fc.option(anyMoment);

describe("the partition map", () => {
  it("finds the partition that covers a time", () => {
    fc.assert(
      fc.property(anyPartitions, anyMoment, (partitions, moment) => {
        const expected = partitions.find(({ from, to }) => from <= moment && moment < to) ?? null;
        expect(new PartitionMap(1, partitions).find(moment)).toBe(expected);
      }),
    );
  });

  it("lists the partitions that overlap a range, in order of time", () => {
    fc.assert(
      fc.property(anyPartitions, anyBound, anyBound, (partitions, from, to) => {
        const expected = partitions
          .filter((one) => (from === null || one.to > from) && (to === null || one.from <= to))
          .toSorted((a, b) => a.from - b.from);
        const found = new PartitionMap(1, partitions).overlapping(from, to);
        if (from === null || to === null || from <= to) expect(found).toEqual(expected);
        else expect(found.every((one) => one.to > from)).toBe(true);
      }),
    );
  });

  it("has late lanes in the periods of the partitions that have one", () => {
    const map = new PartitionMap(1, [
      partitionOf({ id: 1, from: 100, to: 200, late: true }),
      partitionOf({ id: 2, from: 200, to: 300 }),
    ]);
    expect(map.hasLate({ start: 50, end: 101 })).toBe(true);
    expect(map.hasLate({ start: 50, end: 100 })).toBe(false);
    expect(map.hasLate({ start: 200, end: 300 })).toBe(false);
  });

  it("finds nothing if it is empty", () => {
    const map = new PartitionMap(0, []);
    expect([map.find(0), map.overlapping(null, null)]).toEqual([null, []]);
  });
});
