import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addSessionDurations,
  type DurationBins,
  DurationTable,
  durationBin,
  readDurations,
  writeDurations,
} from "../../../../src/model/questions/sessions/duration-table";
import { bucketPlace } from "../../../../src/model/time/calendar";
import { sessionEvents, WINDOW, windowsOf } from "./window-sessions";

const FIRST = 1_795_104;
const DAYS = 2;

const anySession = sessionEvents({ first: FIRST, days: DAYS, offset: fc.nat({ max: WINDOW - 1 }) });

/**
 * The durations that each window adds.
 *
 * @param most how many earlier windows of a session are known
 * @param read how many of these have known events
 */
function tablesOf(sessions: readonly number[][], most = 999, read = most): Map<number, DurationTable> {
  const tables = new Map<number, DurationTable>();
  for (const windows of sessions.map(windowsOf)) {
    for (const [place, own] of windows.entries()) {
      const table = tables.get(own.window) ?? new DurationTable();
      tables.set(own.window, table);
      const earlier = windows.slice(0, place).slice(-most);
      addSessionDurations(table, own, {
        previous: earlier.at(-1) ?? null,
        before: earlier.slice(0, -1).map(({ window }) => window),
        completeFrom: place > most ? (earlier[0]?.window ?? own.window) : 0,
        firsts: new Map(earlier.slice(-read).map(({ window, first }) => [window, first])),
      });
    }
  }
  return tables;
}

const shown = (bins: DurationBins) => [...bins].filter(([, count]) => count !== 0).sort();

function naive(sessions: readonly number[][], bounds: readonly number[]) {
  const buckets = bounds.slice(1).map((): DurationBins => new Map());
  for (const events of sessions) {
    const own = events.filter((moment) => moment >= (bounds[0] ?? 0) && moment < (bounds.at(-1) ?? 0));
    const [first, last] = [own[0], own.at(-1)];
    if (first === undefined || last === undefined) continue;
    const bucket = buckets[bucketPlace(bounds, first)];
    const bin = durationBin(last - first);
    bucket?.set(bin, (bucket.get(bin) ?? 0) + 1);
  }
  return buckets.map(shown);
}

/** Sums some rows, as they are stored. Null if one says that it is incomplete for the range. */
function answer(tables: readonly DurationTable[], bounds: readonly number[]) {
  const buckets = bounds.slice(1).map((): DurationBins => new Map());
  const first = (bounds[0] ?? 0) / WINDOW;
  for (const table of tables.map((own) => readDurations(writeDurations(own)))) {
    if (!table.isKnownFrom(first)) return null;
    table.addToRange(first, (window) => buckets[bucketPlace(bounds, window * WINDOW)]);
  }
  return buckets.map(shown);
}

const anyRange = fc
  .record({
    from: fc.nat({ max: DAYS * 96 - 1 }),
    lengths: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 4 }),
  })
  .map(({ from, lengths }) => {
    const bounds = [FIRST + from];
    for (const length of lengths) bounds.push((bounds.at(-1) ?? 0) + length);
    return bounds.map((window) => window * WINDOW);
  });

function inRange<Row>(rows: ReadonlyMap<number, Row>, bounds: readonly number[]): Row[] {
  const [first, end] = [(bounds[0] ?? 0) / WINDOW, (bounds.at(-1) ?? 0) / WINDOW];
  return [...rows].flatMap(([window, row]) => (window >= first && window < end ? [row] : []));
}

describe("durations of sessions", () => {
  it("add up to those of any range of windows", () => {
    fc.assert(
      fc.property(fc.array(anySession, { maxLength: 12 }), anyRange, (sessions, bounds) => {
        expect(answer(inRange(tablesOf(sessions), bounds), bounds)).toEqual(naive(sessions, bounds));
      }),
      { numRuns: 400 },
    );
  });

  it("add up to the same from hours and days", () => {
    fc.assert(
      fc.property(fc.array(anySession, { maxLength: 12 }), anyRange, (sessions, bounds) => {
        const tables = tablesOf(sessions);
        const merged = (first: number, parts: readonly (DurationTable | undefined)[]) => {
          const total = new DurationTable();
          for (const part of parts) if (part !== undefined) total.addWithin(part, first);
          return readDurations(writeDurations(total));
        };
        const numbers = (first: number, size: number, step = 1) =>
          Array.from({ length: size }, (_, n) => first + n * step);
        const hour = (first: number) =>
          merged(
            first,
            numbers(first, 4).map((window) => tables.get(window)),
          );
        const rows: DurationTable[] = [];
        for (let place = 0; place + 1 < bounds.length; place++) {
          const end = (bounds[place + 1] ?? 0) / WINDOW;
          for (let at = (bounds[place] ?? 0) / WINDOW; at < end; ) {
            const width = [96, 4, 1].find((own) => at % own === 0 && at + own <= end) ?? 1;
            if (width === 1) rows.push(tables.get(at) ?? new DurationTable());
            else rows.push(width === 4 ? hour(at) : merged(at, numbers(at, 24, 4).map(hour)));
            at += width;
          }
        }
        expect(answer(rows, bounds)).toEqual(naive(sessions, bounds));
      }),
      { numRuns: 400 },
    );
  });

  it.each<[string, (sessions: readonly number[][], few: number) => Map<number, DurationTable>]>([
    ["if few earlier windows of a session are known", (sessions, few) => tablesOf(sessions, few)],
    ["if the events of few of them are known", (sessions, few) => tablesOf(sessions, 999, few)],
    [
      "if a row keeps few bins",
      (sessions, few) => {
        const limited = [...tablesOf(sessions)].map(([at, own]): [number, DurationTable] => [at, own.limited(2 * few)]);
        for (const [, { size }] of limited) expect(size).toBeLessThanOrEqual(2 * few);
        return new Map(limited);
      },
    ],
  ])("are right, or say that they are incomplete, %s", (_, tablesWith) => {
    const seen = { refused: 0, right: 0 };
    fc.assert(
      fc.property(
        fc.array(anySession, { maxLength: 8 }),
        anyRange,
        fc.integer({ min: 1, max: 3 }),
        (sessions, bounds, few) => {
          const found = answer(inRange(tablesWith(sessions, few), bounds), bounds);
          seen[found === null ? "refused" : "right"] += 1;
          if (found !== null) expect(found).toEqual(naive(sessions, bounds));
        },
      ),
      { numRuns: 400 },
    );
    expect(Math.min(seen.refused, seen.right)).toBeGreaterThan(10);
  });

  it("are known for ranges that start before all sessions, whatever is unknown of their middle", () => {
    const session = [0, 1, 2, 3].map((n) => (FIRST + n) * WINDOW);
    const [, , , table] = tablesOf([session]).values();
    if (table === undefined) throw new Error("no table");
    const limited = table.limited(1);
    expect(limited.isKnownFrom(FIRST - 1)).toBe(false);
    expect(limited.isKnownFrom(FIRST + 4)).toBe(true);
    expect(table.limited(3).isKnownFrom(FIRST)).toBe(true);
    expect(table.limited(3).isKnownFrom(FIRST + 1)).toBe(false);
  });

  it("are stored in few characters", () => {
    const table = new DurationTable();
    for (const micros of [0, 1, 5_000_000, 5_000_001, 86_400_000_000]) table.add(FIRST, -1, durationBin(micros), 3);
    expect(writeDurations(table)).toBe(`{"lacking":null,"places":[[${FIRST},-1,-1000,3,310,3,771,6,488,3]]}`);
    expect(writeDurations(readDurations(writeDurations(table)))).toBe(writeDurations(table));
  });
});
