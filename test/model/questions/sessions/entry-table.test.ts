import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Entry, EntryTable } from "../../../../src/model/questions/sessions/entry-table";

/** What the entries add up to for ranges that start at a window. */
function at(table: EntryTable, start: number): [x: number, y: number] {
  const counted = table.entries().filter(([place, after]) => after < start && start <= place);
  return [counted.reduce((sum, [, , x]) => sum + x, 0), counted.reduce((sum, [, , , y]) => sum + y, 0)];
}

const anyEntries = fc.array(
  fc
    .record({
      after: fc.integer({ min: -1, max: 18 }),
      length: fc.integer({ min: 1, max: 6 }),
      x: fc.integer({ min: 1, max: 9 }),
    })
    .map(({ after, length, x }): Entry => [after + length, after, x, -x]),
  { maxLength: 40 },
);

it("adds up entries of the same place, and drops those that cancel out", () => {
  const table = new EntryTable([
    [5, 2, 1, 10],
    [5, 2, 2, 20],
    [6, 2, 1, 1],
  ]);
  table.add([6, 2, -1, -1]);
  expect(table.entries()).toEqual([[5, 2, 3, 30]]);
});

it("is never complete for ranges for which it lacked entries before", () => {
  const table = new EntryTable([], 4);
  table.lackBefore(2);
  expect(table.since).toBe(4);
  table.lackBefore(9);
  expect(table.since).toBe(9);
});

describe("addWithin", () => {
  it("keeps what counts for ranges that begin before the hour, at its first window", () => {
    const hour = new EntryTable([], 1);
    const window = new EntryTable(
      [
        [10, 3, 1, 1],
        [10, 8, 7, 7],
        [6, 3, 2, 2],
      ],
      5,
    );
    hour.addWithin(window, 8);
    expect(hour.entries()).toEqual([
      [8, 3, 1, 1],
      [6, 3, 2, 2],
    ]);
    expect(hour.since).toBe(5);
  });
});

describe("limited", () => {
  it("adds up what differs only for ranges that are left out", () => {
    const table = new EntryTable([
      [3, 0, 1, 1],
      [9, 1, 1, 1],
      [9, 2, 1, 1],
      [9, 8, 1, 1],
    ]);
    const limited = table.limited(1);
    expect({ entries: limited.entries(), since: limited.since }).toEqual({ entries: [[9, 8, 3, 3]], since: 9 });
  });

  it("has at most the given number, and is right from the window that it names", () => {
    fc.assert(
      fc.property(anyEntries, fc.integer({ min: 1, max: 12 }), fc.nat({ max: 20 }), (entries, most, since) => {
        const table = new EntryTable(entries, since);
        const limited = table.limited(most);
        const isWhole = table.entries().length <= most;
        expect(limited.since).toBeGreaterThanOrEqual(since);
        if (isWhole) expect(limited.since).toBe(since);
        for (let start = limited.since; start < 26; start++) expect(at(limited, start)).toEqual(at(table, start));
        // The entries of the last window may be too many by themselves.
        const places = new Set(limited.entries().map(([place]) => place));
        if (places.size > 1) expect(limited.entries().length).toBeLessThanOrEqual(most);
      }),
    );
  });
});
