import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addSessionVisitors,
  countVisitors,
  readVisitors,
  type VisitorHashes,
  VisitorTable,
  visitorHash,
  writeVisitors,
} from "../../../../src/model/questions/sessions/visitor-table";
import { bucketPlace } from "../../../../src/model/time/calendar";

const FIRST = 1_795_104;
const WINDOWS = 2 * 96;
const ENOUGH = 100_000;

/** A window of a session and one visitor there. */
interface Visit {
  window: number;
  visitor: number;
}

/** Sessions with pauses, and visitors that change within a session. */
const anySession = fc
  .tuple(
    fc.nat({ max: WINDOWS - 1 }),
    fc.array(fc.tuple(fc.constantFrom(0, 0, 1, 1, 2, 5, 30, 96), fc.nat({ max: 6 })), { minLength: 1, maxLength: 8 }),
  )
  .map(([start, visits]) => {
    let window = FIRST + start;
    return visits
      .map(([pause, visitor]): Visit => {
        window += pause;
        return { window, visitor: visitorHash(`v${visitor}`) };
      })
      .filter((visit) => visit.window < FIRST + WINDOWS);
  });

/** @param most how many earlier windows of a session are known */
function tablesOf(sessions: readonly Visit[][], most = 999): Map<number, VisitorTable> {
  const tables = new Map<number, VisitorTable>();
  for (const session of sessions) {
    const windows = [...Map.groupBy(session, ({ window }) => window)];
    for (const [place, [window, own]] of windows.entries()) {
      const table = tables.get(window) ?? new VisitorTable();
      tables.set(window, table);
      const earlier = windows
        .slice(0, place)
        .slice(-most)
        .map(([at]) => at);
      const last = earlier.at(-1);
      addSessionVisitors(
        table,
        { window, visitors: own.map(({ visitor }) => visitor) },
        {
          previous: last === undefined ? null : { window: last, events: 1, last: 0 },
          before: earlier.slice(0, -1),
          completeFrom: place > most ? (earlier[0] ?? window) : 0,
          firsts: new Map(),
        },
      );
    }
  }
  return tables;
}

function naive(sessions: readonly Visit[][], bounds: readonly number[]): Set<number>[] {
  const buckets = bounds.slice(1).map(() => new Set<number>());
  for (const session of sessions) {
    const own = session.filter(({ window }) => window >= (bounds[0] ?? 0) && window < (bounds.at(-1) ?? 0));
    const bucket = own[0] === undefined ? undefined : buckets[bucketPlace(bounds, own[0].window)];
    for (const { visitor } of own) bucket?.add(visitor);
  }
  return buckets;
}

/** Null if a row says that it is incomplete for the range. */
function answer(tables: readonly VisitorTable[], bounds: readonly number[]): Set<number>[] | null {
  const buckets = bounds.slice(1).map((): VisitorHashes => new Set());
  const first = bounds[0] ?? 0;
  for (const table of tables.map(stored)) {
    if (!table.isKnownFrom(first)) return null;
    table.addToRange(first, (window) => buckets[bucketPlace(bounds, window)]);
  }
  return buckets;
}

const stored = (table: VisitorTable) => readVisitors(writeVisitors(table, ENOUGH));

function merged(parts: readonly VisitorTable[], first: number, most = ENOUGH): VisitorTable {
  const total = new VisitorTable();
  for (const part of parts) total.addWithin(part, first);
  return readVisitors(writeVisitors(total, most));
}

const anyRange = fc
  .tuple(fc.nat({ max: WINDOWS - 1 }), fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 4 }))
  .map(([from, lengths]) => {
    const bounds = [FIRST + from];
    for (const length of lengths) bounds.push((bounds.at(-1) ?? 0) + length);
    return bounds;
  });

const isIn = (bounds: readonly number[], window: number) => window >= (bounds[0] ?? 0) && window < (bounds.at(-1) ?? 0);

describe("visitors of sessions", () => {
  it("are those of any range of windows, from windows and from the hours within a bucket", () => {
    fc.assert(
      fc.property(fc.array(anySession, { maxLength: 12 }), anyRange, (sessions, bounds) => {
        const own = [...tablesOf(sessions)].filter(([window]) => isIn(bounds, window));
        const expected = naive(sessions, bounds);
        expect(
          answer(
            own.map(([, table]) => table),
            bounds,
          ),
        ).toEqual(expected);
        const hourOf = ([window]: [number, VisitorTable]) => {
          const hour = window - (window % 4);
          const isWhole = isIn(bounds, hour) && isIn(bounds, hour + 3);
          return isWhole && bucketPlace(bounds, hour) === bucketPlace(bounds, hour + 3) ? hour : window;
        };
        const rows = [...Map.groupBy(own, hourOf)].map(([first, parts]) =>
          merged(
            parts.map(([, one]) => one),
            first,
          ),
        );
        expect(answer(rows, bounds)).toEqual(expected);
      }),
      { numRuns: 400 },
    );
  });

  it("are right, or said to be incomplete, if few earlier windows of a session are known", () => {
    const seen = { refused: 0, right: 0 };
    fc.assert(
      fc.property(fc.array(anySession, { maxLength: 8 }), anyRange, (sessions, bounds) => {
        const own = [...tablesOf(sessions, 1)].filter(([window]) => isIn(bounds, window));
        const found = answer(
          own.map(([, table]) => table),
          bounds,
        );
        seen[found === null ? "refused" : "right"] += 1;
        if (found !== null) expect(found).toEqual(naive(sessions, bounds));
      }),
      { numRuns: 400 },
    );
    expect(Math.min(seen.refused, seen.right)).toBeGreaterThan(10);
  });

  it("are stored in seven characters each, whatever the order in which they came", () => {
    const write = (hashes: readonly number[]) => {
      const table = new VisitorTable();
      table.add(FIRST, -1, hashes);
      return writeVisitors(table, ENOUGH);
    };
    const hashes = [0, 1, 2 ** 42 - 1, 64 ** 6, visitorHash("v")];
    const text = write(hashes);
    expect(text).toMatch(/^\{"lacking":null,"share":1,"places":\[\[1795104,-1,"[\w-]{35}"\]\]\}$/);
    expect(write(hashes.toReversed())).toBe(text);
    const found: VisitorHashes = new Set();
    readVisitors(text).addToRange(FIRST, () => found);
    expect([...found].sort()).toEqual([...hashes].sort());
  });

  it("are a sample of bounded size if there are many, the same in whatever order they came", () => {
    const hashes = Array.from({ length: 20_000 }, (_, n) => visitorHash(`v${n}`));
    const table = (some: readonly number[]) => {
      const made = new VisitorTable();
      made.add(FIRST, -1, some);
      return writeVisitors(made, 512);
    };
    expect(table(hashes)).toBe(table(hashes.toReversed()));
    const { size, share } = readVisitors(table(hashes));
    expect(size).toBeLessThanOrEqual(512);
    expect(size).toBeGreaterThan(200);
    expect(size / share / hashes.length).toBeGreaterThan(0.8);
  });

  it("have an interval that holds the true number in 92 of 100 at least, of a day and of its hours, from samples", () => {
    const held = { days: 0, hours: 0 };
    const seeds = 200;
    const isHeld = (found: Iterable<number>, share: number, truth: number) => {
      const [low, high] = countVisitors(found, share).interval;
      return low <= truth && truth <= high ? 1 : 0;
    };
    const foundIn = (table: VisitorTable, first: number) => {
      const found: VisitorHashes = new Set();
      table.addToRange(first, () => found);
      return found;
    };
    for (let seed = 0; seed < seeds; seed++) {
      // Six hours of 600 visitors each, some of whom return.
      const hours = Array.from({ length: 6 }, (_, hour) => {
        const truth = new Set<number>();
        const windows = Array.from({ length: 4 }, (__, window) => {
          const table = new VisitorTable();
          for (let n = 0; n < 150; n++) {
            const hash = visitorHash(`${seed} ${(hour * 431 + window * 113 + n * (1 + (seed % 3))) % 2_500}`);
            truth.add(hash);
            table.add(FIRST + hour * 4 + window, -1, [hash]);
          }
          return readVisitors(writeVisitors(table, 100));
        });
        return { truth, row: merged(windows, FIRST + hour * 4, 128) };
      });
      const day = merged(
        hours.map(({ row }) => row),
        FIRST,
        256,
      );
      expect(day.share).toBeLessThan(0.5);
      const all = new Set(hours.flatMap(({ truth }) => [...truth]));
      held.days += isHeld(foundIn(day, FIRST), day.share, all.size);
      // An answer by hour uses the smallest share of all of them.
      const share = Math.min(...hours.map(({ row }) => row.share));
      for (const [hour, { row, truth }] of hours.entries()) {
        held.hours += isHeld(foundIn(row, FIRST + hour * 4), share, truth.size);
      }
    }
    expect(held.days).toBeGreaterThanOrEqual(0.92 * seeds);
    expect(held.hours).toBeGreaterThanOrEqual(0.92 * 6 * seeds);
    expect(held.days).toBeLessThan(seeds);
    expect(held.hours).toBeLessThan(6 * seeds);
  });

  it("have the smallest share of their parts", () => {
    const part = (share: number, hash: number) => {
      const table = new VisitorTable();
      table.narrow(share);
      table.add(FIRST, -1, [hash]);
      return table;
    };
    const total = merged([part(1, 2 ** 41), part(0.25, 7)], FIRST);
    expect({ share: total.share, size: total.size }).toEqual({ share: 0.25, size: 1 });
  });

  it("are counted only as far as all tables keep them", () => {
    expect(countVisitors([0, 2 ** 40, 2 ** 41, 2 ** 42 - 1], 1)).toEqual({ count: 4, interval: [4, 4] });
    expect(countVisitors([0, 2 ** 40, 2 ** 41, 2 ** 42 - 1], 0.5).count).toBe(4);
    expect(countVisitors([2 ** 41], 0.5).count).toBe(0);
  });
});
