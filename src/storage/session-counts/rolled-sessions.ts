import {
  addToRange,
  type CountedSessions,
  noCountedSessions,
  readSessionCounts,
  type SessionCounts,
} from "../../model/questions/sessions/session-counts";
import { bucketPlace } from "../../model/time/calendar";
import type { Micros } from "../../model/time/time";
import { DAY_SECONDS, HOUR_SECONDS } from "../../model/time/units";
import { type Database, firstDatabase } from "../core/databases";
import { WINDOW_MICROS, WINDOW_SECONDS } from "../partitions/partition";
import type { PartitionMap } from "../partitions/partition-map";
import { planPieces } from "../properties/roll-up-plan";
import { ALL_APPLICATIONS } from "./count-windows";
import { lateEventsIn, liveCounts } from "./live-windows";
import { readSessionRows, type SessionRow, type SessionWidth } from "./session-count-store";
import { bucketTotals, spansOf, windowTotals } from "./window-totals";

export interface RolledQuestion {
  /** The starts of the buckets and the end of the last one, ascending. */
  bounds: readonly Micros[];
  /** Only its events count; ALL_APPLICATIONS for all. */
  application: string;
}

export interface RolledSessions {
  /** One for each bucket. */
  buckets: CountedSessions[];
  /** False if the events and durations of the buckets are not known for this range. */
  hasSums: boolean;
  /** Events and changes that came after the sessions were counted. */
  late: number;
  /** Sessions that pause from before this time until after it are counted twice. Null if there are none. */
  hotSince: Micros | null;
}

/** Returns whether all buckets consist of whole windows, except for the end of the last one. */
export function hasWholeWindows(bounds: readonly Micros[]): boolean {
  return bounds.slice(0, -1).every((moment) => moment % WINDOW_MICROS === 0);
}

/**
 * Numbers of sessions from the stored counts of days, hours and windows, and from the events of windows that are not
 * counted yet.
 *
 * @param question its buckets have whole windows
 * @returns null if it cannot be answered this way
 * @throws TooManySessions, DrizzleQueryError
 */
export async function rolledSessions(
  databases: readonly Database[],
  map: PartitionMap,
  { bounds, application }: RolledQuestion,
): Promise<RolledSessions | null> {
  const first = (bounds[0] ?? 0) / WINDOW_MICROS;
  const buckets = bounds.slice(1).map(noCountedSessions);
  const result: RolledSessions = { buckets, hasSums: true, late: 0, hotSince: null };
  let isKnown = true;
  const use = (counts: SessionCounts) => {
    if (counts.starts.since > first) isKnown = false;
    if (counts.sums.since > first) result.hasSums = false;
    addToRange(counts, first, (window) => buckets[bucketPlace(bounds, window * WINDOW_MICROS)]);
  };
  const found = await storedRows(databases, map, { bounds, application });
  for (const row of found.used) {
    use(readSessionCounts(row.held));
    noteHotSince(result, row.hotSince * 1_000_000, bounds);
  }
  result.late += found.late;
  if (!isKnown) return null;

  const whole = { start: bounds[0] ?? 0, end: bounds.at(-1) ?? 0 };
  const applications = application === ALL_APPLICATIONS ? null : [application];
  const live = await liveCounts(databases, map, { windows: found.left, period: whole, applications });
  if (live === null) return null;
  for (const counts of live.counts) use(counts);
  noteHotSince(result, live.hotSince, bounds);
  result.late += await lateEventsIn(databases, map, whole, applications);
  return isKnown ? result : null;
}

function noteHotSince(result: RolledSessions, since: Micros, bounds: readonly Micros[]): void {
  if (since > (bounds[0] ?? 0)) result.hotSince = Math.max(result.hotSince ?? 0, since);
}

interface StoredRows {
  used: SessionRow[];
  late: number;
  /** Windows that are not counted, by their starts in seconds since 1970. */
  left: number[];
}

/** The widest rows that cover the range: days, hours of days that are not summed, windows of hours that are not. */
async function storedRows(
  databases: readonly Database[],
  map: PartitionMap,
  { bounds, application }: RolledQuestion,
): Promise<StoredRows> {
  const { days, hours: parts, edges } = planPieces(bounds);
  const result: StoredRows = { used: [], late: 0, left: edges.map(({ start }) => start / 1_000_000) };
  const levelOf = (seconds: SessionWidth, wanted: Iterable<number>) =>
    readLevel(databases, map, { application, seconds, buckets: [...new Set(wanted)] });
  const take = (row: SessionRow, isUsed: boolean, { lateAt, totals }: Level) => {
    if (isUsed) result.used.push(row);
    result.late += Math.max(0, (totals.get(row.bucket) ?? 0) - row.counted) + lateAt(row.bucket);
  };

  const hours = new Set(parts.filter((piece) => piece.parts === null).map(({ bucket }) => bucket));
  const byDay = await levelOf(
    DAY_SECONDS,
    days.map(({ bucket }) => bucket),
  );
  for (const { bucket } of days) {
    const row = byDay.rows.get(bucket);
    if (row !== undefined) take(row, true, byDay);
    else if ((byDay.totals.get(bucket) ?? 0) > 0)
      for (const hour of within(bucket, DAY_SECONDS, HOUR_SECONDS)) hours.add(hour);
  }

  const quarters = parts.filter((piece) => piece.parts !== null);
  const byHour = await levelOf(HOUR_SECONDS, [...hours, ...quarters.map(({ bucket }) => bucket)]);
  /** Windows of hours that are counted: those without a row have no events. */
  const counted = new Set<number>();
  const open = new Set<number>();
  for (const hour of new Set([...hours, ...quarters.map(({ bucket }) => bucket)])) {
    const row = byHour.rows.get(hour);
    const own = quarters.filter(({ bucket }) => bucket === hour).map(({ start }) => start / 1_000_000);
    if (row !== undefined) {
      take(row, hours.has(hour), byHour);
      if (!hours.has(hour)) for (const window of own) counted.add(window);
    } else if ((byHour.totals.get(hour) ?? 0) > 0) {
      for (const window of hours.has(hour) ? within(hour, HOUR_SECONDS, WINDOW_SECONDS) : own) open.add(window);
    }
  }

  const byWindow = await levelOf(WINDOW_SECONDS, [...counted, ...open]);
  for (const window of counted) {
    const row = byWindow.rows.get(window);
    if (row !== undefined) result.used.push(row);
  }
  const some = [...open].flatMap((window) => byWindow.rows.get(window) ?? []);
  const totals = await totalsOf(databases, map, application, some);
  for (const row of some) take(row, true, { ...byWindow, totals });
  result.left.push(...[...open].filter((window) => !byWindow.rows.has(window)));
  return result;
}

/** Rows of one width, and what the counts of events say about them. */
interface Level {
  rows: Map<number, SessionRow>;
  /** Not of windows. */
  totals: Map<number, number>;
  lateAt: (bucket: number) => number;
}

async function readLevel(
  databases: readonly Database[],
  map: PartitionMap,
  { application, seconds, buckets }: { application: string; seconds: SessionWidth; buckets: readonly number[] },
): Promise<Level> {
  if (buckets.length === 0) return { rows: new Map(), totals: new Map(), lateAt: () => 0 };
  const spans = spansOf(buckets, seconds);
  const isAll = application === ALL_APPLICATIONS;
  const all = { application: ALL_APPLICATIONS, seconds, spans, withHeld: false };
  const [[own = [], everyone = own], totals] = await Promise.all([
    readSessionRows(firstDatabase(databases), [
      { application, seconds, spans, withHeld: true },
      ...(isAll ? [] : [all]),
    ]),
    seconds === WINDOW_SECONDS
      ? new Map<number, number>()
      : bucketTotals(databases, map, { application, seconds, spans }),
  ]);
  const late = new Map(everyone.map((row) => [row.bucket, row.late]));
  return {
    rows: new Map(own.map((row) => [row.bucket, row])),
    totals,
    lateAt: (bucket) => late.get(bucket) ?? 0,
  };
}

/** The events of the windows of hours that are not summed yet: mostly of the current hour. */
async function totalsOf(
  databases: readonly Database[],
  map: PartitionMap,
  application: string,
  rows: readonly SessionRow[],
): Promise<Map<number, number>> {
  const totals = new Map<number, number>();
  for (const [first, last] of spansOf(
    rows.map(({ bucket }) => bucket),
    WINDOW_SECONDS,
  )) {
    const found = await windowTotals(databases, map, [first, last + WINDOW_SECONDS]);
    for (const [window, events] of found.get(application) ?? []) totals.set(window, events);
  }
  return totals;
}

function within(bucket: number, seconds: number, part: number): number[] {
  return Array.from({ length: seconds / part }, (_, n) => bucket + n * part);
}
