import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CountedGroup, GroupTally, groupName } from "../../../src/storage/counts/group-tally";

const range = { seconds: 60, first: 600, last: 600 + 19 * 60 };
const other = groupName(["(other)"]);

const anyCounts = fc.array(
  fc.record({
    group: fc.nat({ max: 12 }).map((n) => groupName([`group ${n}`])),
    bucket: fc.nat({ max: 19 }).map((n) => range.first + n * 60),
    events: fc.integer({ min: 1, max: 9 }),
  }),
  { maxLength: 150 },
);

type Count = { group: { key: string }; bucket: number; events: number };

function sums(counts: Count[]): Map<string, number> {
  const all = new Map<string, number>();
  for (const { group, bucket, events } of counts) {
    const key = `${group.key} ${bucket}`;
    all.set(key, (all.get(key) ?? 0) + events);
  }
  return all;
}

function sumsOf(groups: CountedGroup[]): Map<string, number> {
  return new Map(
    groups.flatMap(({ key, byBucket }) => [...byBucket].map(([bucket, n]) => [`${key} ${bucket}`, n] as const)),
  );
}

describe("GroupTally", () => {
  it("sums up by group and bucket while there are few of them, and else keeps the largest and the sum of the others", () => {
    fc.assert(
      fc.property(anyCounts, fc.integer({ min: 40, max: 120 }), (counts, cells) => {
        const tally = new GroupTally(range, { cells, groups: 1_000 });
        for (const { group, bucket, events } of counts) tally.add(group, bucket, events);
        const groups = tally.groups();
        if (sums(counts).size <= cells) {
          expect(sumsOf(groups ?? [])).toEqual(sums(counts));
          return;
        }
        expect(groups).toBeNull();
        const folded = tally.largest(other);
        for (const { group, bucket, events } of counts) folded.add(group, bucket, events);
        const kept = new Set(folded.groups().map(({ key }) => key));
        expect(kept.has(other.key)).toBe(true);
        const expected = counts.map((one) => (kept.has(one.group.key) ? one : { ...one, group: other }));
        expect(sumsOf(folded.groups())).toEqual(sums(expected));
        expect(sumsOf(folded.groups()).size).toBeLessThanOrEqual(cells);
        const eventsOf = (isKept: boolean) =>
          [...Map.groupBy(counts, ({ group }) => group.key)]
            .filter(([key]) => kept.has(key) === isKept)
            .map(([, own]) => own.reduce((sum, { events }) => sum + events, 0));
        expect(Math.min(...eventsOf(true), Number.POSITIVE_INFINITY)).toBeGreaterThanOrEqual(
          Math.max(...eventsOf(false)),
        );
      }),
    );
  });

  it("compares a bounded number of groups", () => {
    const tally = new GroupTally(range, { cells: 100, groups: 3 });
    for (let n = 0; n < 5; n++) tally.add(groupName([`group ${n}`]), range.first, 1);
    expect(tally.groups()).toBeNull();
    const folded = tally.largest(other);
    for (let n = 0; n < 5; n++) folded.add(groupName([`group ${n}`]), range.first, 1);
    expect(folded.groups()).toHaveLength(4);
    expect(
      folded
        .groups()
        .find(({ key }) => key === other.key)
        ?.byBucket.get(range.first),
    ).toBe(2);
  });
});
