import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CountedGroup, FoldedTally, GroupTally } from "../../../src/storage/questions/group-tally";
import { groupName } from "../../../src/storage/questions/stats-answer";

const anyCounts = fc.array(
  fc.record({
    group: fc.nat({ max: 12 }).map((n) => groupName([`group ${n}`])),
    place: fc.nat({ max: 19 }),
    events: fc.integer({ min: 1, max: 9 }),
  }),
  { maxLength: 150 },
);

type Count = { group: { key: string }; place: number; events: number };

function sums(counts: Count[]): Map<string, number> {
  const all = new Map<string, number>();
  for (const { group, place, events } of counts) {
    const key = `${group.key} ${place}`;
    all.set(key, (all.get(key) ?? 0) + events);
  }
  return all;
}

function sumsOf(groups: CountedGroup[]): Map<string, number> {
  return new Map(
    groups.flatMap(({ key, byPlace }) => [...byPlace].map(([place, n]) => [`${key} ${place}`, n] as const)),
  );
}

describe("GroupTally", () => {
  it("sums by group and bucket while there are few of them, and otherwise finds the largest groups", () => {
    fc.assert(
      fc.property(anyCounts, fc.integer({ min: 40, max: 120 }), (counts, aggregates) => {
        const tally = new GroupTally({ aggregates, groups: 1_000 });
        for (const { group, place, events } of counts) tally.add(group, place, events);
        const groups = tally.groups();
        if (sums(counts).size <= aggregates) expect(sumsOf(groups ?? [])).toEqual(sums(counts));
        else expect(groups).toBeNull();
        const bySize = [...Map.groupBy(counts, ({ group }) => group.key)]
          .map(([key, own]) => ({ key, events: own.reduce((sum, { events }) => sum + events, 0) }))
          .sort((a, b) => b.events - a.events || (a.key < b.key ? -1 : 1));
        expect(tally.size).toBe(bySize.length);
        expect(tally.largest(3)).toEqual(bySize.slice(0, 3).map(({ key }) => key));
      }),
    );
  });

  it("compares a bounded number of groups", () => {
    const tally = new GroupTally({ aggregates: 100, groups: 3 });
    for (let n = 0; n < 5; n++) tally.add(groupName([`group ${n}`]), 0, 1);
    expect(tally.groups()).toBeNull();
    expect(tally.size).toBe(3);
  });
});

describe("FoldedTally", () => {
  it("keeps some groups, and sums the others", () => {
    fc.assert(
      fc.property(anyCounts, fc.uniqueArray(fc.nat({ max: 12 })), (counts, kept) => {
        const keys = kept.map((n) => groupName([`group ${n}`]).key);
        const tally = new FoldedTally(keys);
        for (const { group, place, events } of counts) tally.add(group, place, events);
        const expected = counts.map((one) => (keys.includes(one.group.key) ? one : { ...one, group: { key: "" } }));
        expect(sumsOf(tally.groups())).toEqual(sums(expected));
      }),
    );
  });
});
