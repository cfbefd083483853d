import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EntryTable } from "../../../../src/model/questions/sessions/entry-table";
import {
  addSessionWindow,
  addToRange,
  addWithin,
  type CountedSessions,
  noCountedSessions,
  noSessionCounts,
  readSessionCounts,
  type SessionCounts,
  writeSessionCounts,
} from "../../../../src/model/questions/sessions/session-counts";
import { bucketPlace, bucketStarts } from "../../../../src/model/time/calendar";
import { TimeZone } from "../../../../src/model/time/time-zone";
import { sessionEvents, WINDOW, windowsOf } from "./window-sessions";

/** Clocks change within these days in two of the zones. */
const FIRST = Date.parse("2021-03-27T00:00:00Z") / 900_000;
const DAYS = 3;
const ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"];

const anySession = sessionEvents({ first: FIRST, days: DAYS, offset: fc.constantFrom(0, 0, 1, 899_999_999) });

/** The counts of each window, with at most `most` earlier windows of a session known. */
function countsOf(sessions: readonly number[][], most = Number.POSITIVE_INFINITY) {
  const counts = new Map<number, SessionCounts<EntryTable>>();
  for (const windows of sessions.map(windowsOf)) {
    for (const [place, own] of windows.entries()) {
      const held = counts.get(own.window) ?? noSessionCounts();
      counts.set(own.window, held);
      const earlier = windows.slice(0, place).slice(-most);
      addSessionWindow(held, own, {
        previous: earlier.at(-1) ?? null,
        before: earlier.slice(0, -1).map(({ window }) => window),
        completeFrom: place > most ? (earlier[0]?.window ?? own.window) : 0,
        firsts: new Map(),
      });
    }
  }
  return counts;
}

function naive(sessions: readonly number[][], bounds: readonly number[]): CountedSessions[] {
  const buckets = bounds.slice(1).map(noCountedSessions);
  for (const events of sessions) {
    const own = events.filter((moment) => moment >= (bounds[0] ?? 0) && moment < (bounds.at(-1) ?? 0));
    const [first, last] = [own[0], own.at(-1)];
    const bucket = buckets[bucketPlace(bounds, first ?? -1)];
    if (first === undefined || last === undefined || bucket === undefined) continue;
    bucket.sessions += 1;
    bucket.bounces += own.length === 1 ? 1 : 0;
    bucket.events += own.length;
    bucket.micros += last - first;
  }
  return buckets;
}

/** Sums some rows, as they are stored. Null if they say that they are incomplete for the range. */
function answer(rows: readonly SessionCounts[], bounds: readonly number[]): CountedSessions[] | null {
  const buckets = bounds.slice(1).map(noCountedSessions);
  const first = (bounds[0] ?? 0) / WINDOW;
  for (const row of rows) {
    if (row.sums.since > first || row.starts.since > first) return null;
    addToRange(row, first, (window) => buckets[bucketPlace(bounds, window * WINDOW)]);
  }
  return buckets;
}

const stored = (counts: SessionCounts<EntryTable>) => readSessionCounts(writeSessionCounts(counts));

const anyRange = fc.record({
  from: fc.nat({ max: DAYS * 96 - 1 }),
  length: fc.integer({ min: 1, max: DAYS * 96 }),
  interval: fc.constantFrom("hour" as const, "day" as const, "none" as const),
  zone: fc.constantFrom(...ZONES),
});

function boundsOf({ from, length, interval, zone: name }: typeof anyRange extends fc.Arbitrary<infer R> ? R : never) {
  const zone = TimeZone.find(name) ?? TimeZone.UTC;
  const start = (FIRST + from) * WINDOW;
  const end = start + length * WINDOW;
  return [start, ...(interval === "none" ? [] : bucketStarts({ start, end }, interval, zone, 1_000).slice(1)), end];
}

/** The sum of the rows of some windows, as an hour or a day has it. */
function merged(rows: readonly SessionCounts[], first: number): SessionCounts {
  const total = noSessionCounts();
  for (const row of rows) addWithin(total, row, first);
  return stored(total);
}

describe("counts of sessions", () => {
  it("add up to the numbers of any range of windows, in any time zone", () => {
    fc.assert(
      fc.property(fc.array(anySession, { maxLength: 12 }), anyRange, (sessions, range) => {
        const bounds = boundsOf(range);
        const [first, end] = [(bounds[0] ?? 0) / WINDOW, (bounds.at(-1) ?? 0) / WINDOW];
        const rows = [...countsOf(sessions)].filter(([window]) => window >= first && window < end);
        expect(
          answer(
            rows.map(([, row]) => stored(row)),
            bounds,
          ),
        ).toEqual(naive(sessions, bounds));
      }),
      { numRuns: 600 },
    );
  });

  it("add up to the same from hours and days, wherever these lie within a bucket", () => {
    fc.assert(
      fc.property(fc.array(anySession, { maxLength: 12 }), anyRange, (sessions, range) => {
        const bounds = boundsOf(range);
        const counts = countsOf(sessions);
        const rows: SessionCounts[] = [];
        for (let place = 0; place + 1 < bounds.length; place++) {
          const end = (bounds[place + 1] ?? 0) / WINDOW;
          for (let at = (bounds[place] ?? 0) / WINDOW; at < end; ) {
            const width = [96, 4, 1].find((own) => at % own === 0 && at + own <= end) ?? 1;
            const own = (first: number, size: number): SessionCounts[] =>
              Array.from({ length: size }, (_, n) => counts.get(first + n)).flatMap((row) => row ?? []);
            // A day is the sum of its hours.
            const parts =
              width < 96
                ? own(at, width)
                : Array.from({ length: 24 }, (_, n) => merged(own(at + 4 * n, 4), at + 4 * n));
            rows.push(width === 1 ? merged(parts, at) : merged(parts, at));
            at += width;
          }
        }
        expect(answer(rows, bounds)).toEqual(naive(sessions, bounds));
      }),
      { numRuns: 600 },
    );
  });

  it("are right, or say that they are incomplete, if few earlier windows of a session are known", () => {
    let refused = 0;
    fc.assert(
      fc.property(
        fc.array(anySession, { maxLength: 8 }),
        anyRange,
        fc.integer({ min: 1, max: 3 }),
        (sessions, range, most) => {
          const bounds = boundsOf(range);
          const [first, end] = [(bounds[0] ?? 0) / WINDOW, (bounds.at(-1) ?? 0) / WINDOW];
          const rows = [...countsOf(sessions, most)].filter(([window]) => window >= first && window < end);
          const found = answer(
            rows.map(([, row]) => stored(row)),
            bounds,
          );
          if (found === null) refused += 1;
          else expect(found).toEqual(naive(sessions, bounds));
          // Two earlier windows are enough for sessions and bounces.
          if (most < 2) return;
          const buckets = bounds.slice(1).map(noCountedSessions);
          for (const [, row] of rows) {
            expect(row.starts.since).toBeLessThanOrEqual(first);
            addToRange(row, first, (window) => buckets[bucketPlace(bounds, window * WINDOW)]);
          }
          const counted = ({ sessions: all, bounces }: CountedSessions) => [all, bounces];
          expect(buckets.map(counted)).toEqual(naive(sessions, bounds).map(counted));
        },
      ),
      { numRuns: 600 },
    );
    expect(refused).toBeGreaterThan(10);
  });

  it("are right, or say that they are incomplete, if a row keeps few entries", () => {
    fc.assert(
      fc.property(
        fc.array(anySession, { maxLength: 12 }),
        anyRange,
        fc.integer({ min: 1, max: 6 }),
        (sessions, range, most) => {
          const bounds = boundsOf(range);
          const [first, end] = [(bounds[0] ?? 0) / WINDOW, (bounds.at(-1) ?? 0) / WINDOW];
          const rows = [...countsOf(sessions)]
            .filter(([window]) => window >= first && window < end)
            .map(([, { starts, sums }]) => ({ starts: starts.limited(most), sums: sums.limited(most) }));
          for (const { starts, sums } of rows) {
            expect(Math.max(starts.entries().length, sums.entries().length)).toBeLessThanOrEqual(most);
          }
          const found = answer(rows, bounds);
          if (found !== null) expect(found).toEqual(naive(sessions, bounds));
        },
      ),
      { numRuns: 600 },
    );
  });
});
