import type { Micros } from "../../model/time/time";
import { DAY_SECONDS, HOUR_SECONDS } from "../../model/time/units";
import { type Database, firstDatabase } from "../core/databases";
import type { Span } from "../counts/count-tables";
import { hoursToCheck, MAX_RUN_MS, readSweep, type Sweep, writeSweep } from "../counts/sweep";
import { withPartitions } from "../partitions/known-partitions";
import { WINDOW_SECONDS } from "../partitions/partition";
import type { PartitionMap } from "../partitions/partition-map";
import { unreadableIn } from "../questions/unreadable";
import { ALL_APPLICATIONS, MAX_EVENTS_OF_HOUR } from "./count-windows";
import { hasDetailsOf, mergeDays, mergeHour } from "./merge-windows";
import { recountWindows } from "./recount-windows";
import { forgetVisitors, readSessionRows, SESSION_SWEEP, type SessionRow } from "./session-count-store";
import { MAX_GROUPS, TooManySessions } from "./window-events";
import { adjacentSpans, bucketTotals, newestHoursOf, windowTotals } from "./window-totals";

/** How long after its end a window is counted. Most of its events have arrived by then. */
const GRACE_SECONDS = 120;

/** The largest hours that are counted. */
export interface HourLimits {
  events: number;
  /** Groups of events in a slice of the sessions. */
  groups: number;
}

const HOUR_LIMITS: HourLimits = { events: MAX_EVENTS_OF_HOUR, groups: MAX_GROUPS };

export interface SessionRollUp {
  windows: number;
  rows: number;
}

/**
 * Counts the sessions of closed windows, once a minute: first of the newest hours, then of older hours from the newest to
 * the oldest, in a cycle. So the past is counted too, and late events are counted in turn.
 *
 * A window is counted if the counts of its events differ from when it was last counted, if sessions have changed in an
 * earlier window, or if its durations or visitors are not counted yet. Visitors are
 * forgotten once their events are archived. It is computed from all of its events, so repeating or losing a run changes nothing.
 *
 * @throws what D1 throws
 */
export async function rollUpSessions(
  databases: readonly Database[],
  now: Micros,
  mostMs = MAX_RUN_MS,
  limits = HOUR_LIMITS,
): Promise<SessionRollUp> {
  const first = firstDatabase(databases);
  const closed = Math.floor((now / 1_000_000 - GRACE_SECONDS) / WINDOW_SECONDS) * WINDOW_SECONDS;
  const deadline = Date.now() + mostMs;
  const stored = await readSweep(first, SESSION_SWEEP);
  const sweep: Sweep = stored ?? { hour: closed, beganAt: now };
  const newestHours = (before: number, most: number) => newestHoursOf(databases, before, most);
  const { hours, reached: lowest } = await hoursToCheck(newestHours, { closed, from: sweep.hour });
  let reached = lowest;
  const report = { windows: 0, rows: 0 };
  if (hours.length === 0) return report;
  const run: Run = { databases, closed, beganAt: sweep.beganAt, limits, report };
  const states = await statesOf(databases, hours);
  const days = new Set<number>();
  const changed = new Set<number>();
  for (const state of states) {
    const isChanged = await orUncounted(() => withPartitions(databases, (map) => checkHour(run, map, state)));
    const day = state.hour - (state.hour % DAY_SECONDS);
    days.add(day);
    if (!isChanged) continue;
    changed.add(day);
    if (Date.now() <= deadline) continue;
    // The next run continues with the hour before this one.
    reached = Math.min(sweep.hour, state.hour);
    break;
  }
  report.rows += await mergeDays(
    databases,
    [...days].filter((day) => day + DAY_SECONDS <= closed),
    changed,
  );
  if (stored === null || stored.hour !== reached) await writeSweep(first, SESSION_SWEEP, { ...sweep, hour: reached });
  return report;
}

/** An hour with too many sessions stays uncounted, and does not keep the others from being counted. */
async function orUncounted(count: () => Promise<boolean>): Promise<boolean> {
  try {
    return await count();
  } catch (thrown) {
    if (thrown instanceof TooManySessions) return false;
    throw thrown;
  }
}

interface Run {
  databases: readonly Database[];
  /** Windows before this time are closed. In seconds since 1970. */
  closed: number;
  beganAt: Micros;
  limits: HourLimits;
  report: SessionRollUp;
}

interface HourState {
  hour: number;
  /** By the counts. */
  events: number;
  /** Without `held`, `durations` and `visitors`. */
  row: SessionRow | undefined;
  windows: SessionRow[];
}

/** What the counts say of some hours, and what is stored of them, in the given order. */
async function statesOf(databases: readonly Database[], hours: readonly number[]): Promise<HourState[]> {
  const spans = adjacentSpans(hours, HOUR_SECONDS);
  const windows = spans.map(([low, high]) => [low, high + HOUR_SECONDS - WINDOW_SECONDS] as const);
  const query = { application: ALL_APPLICATIONS, withHeld: false };
  const [[rows = [], own = []], totals] = await Promise.all([
    readSessionRows(firstDatabase(databases), [
      { ...query, seconds: HOUR_SECONDS, spans },
      { ...query, seconds: WINDOW_SECONDS, spans: windows },
    ]),
    withPartitions(databases, (map) =>
      bucketTotals(databases, map, { application: ALL_APPLICATIONS, seconds: HOUR_SECONDS, spans }),
    ),
  ]);
  const byHour = Map.groupBy(own, ({ bucket }) => bucket - (bucket % HOUR_SECONDS));
  return hours.map((hour) => ({
    hour,
    events: totals.get(hour) ?? 0,
    row: rows.find(({ bucket }) => bucket === hour),
    windows: byHour.get(hour) ?? [],
  }));
}

/** Counts those windows of an hour again that need it, and sums the hour. Returns whether anything has changed. */
async function checkHour(run: Run, map: PartitionMap, state: HourState): Promise<boolean> {
  const { databases, closed, beganAt, limits, report } = run;
  const { hour, row, windows } = state;
  const end = Math.min(hour + HOUR_SECONDS, closed);
  const isClosed = end === hour + HOUR_SECONDS;
  const counted = windows.reduce((sum, own) => sum + own.counted, 0);
  const late = windows.reduce((sum, own) => sum + own.late, 0);
  const isSummed = row?.counted === counted && row.late === late && hasDetailsOf(row, windows);
  const period = { start: hour * 1_000_000, end: end * 1_000_000 };
  if (unreadableIn(map, [period]).length > 0) {
    if (windows.some(({ visitors }) => visitors !== null)) await forgetVisitors(firstDatabase(databases), hour);
    return false;
  }
  if (isClosed && isSummed && counted === state.events && late === 0 && !windows.some(isBare)) return false;

  const totals = await windowTotals(databases, map, [hour, end]);
  const events = totals.get(ALL_APPLICATIONS) ?? new Map<number, number>();
  const stale = staleWindows(state, events, end);
  if (stale !== null) {
    const expected = [...events.values()].reduce((sum, own) => sum + own, 0);
    if (expected > limits.events) return false;
    const recount = { span: stale, held: windows, totals, beganAt, mostGroups: limits.groups };
    report.rows += await recountWindows(databases, map, recount);
    report.windows += (stale[1] - stale[0]) / WINDOW_SECONDS + 1;
  }
  if (!isClosed || (stale === null && isSummed)) return stale !== null;
  report.rows += await mergeHour(databases, hour);
  return true;
}

/** Returns whether a row has no durations or visitors yet. */
function isBare({ durations, visitors }: SessionRow): boolean {
  return durations === null || visitors === null;
}

/** The first and the last window of an hour that must be counted again. Null if none must. */
function staleWindows({ hour, windows }: HourState, events: ReadonlyMap<number, number>, end: number): Span | null {
  const stale: number[] = [];
  for (let window = hour; window < end; window += WINDOW_SECONDS) {
    const own = windows.find(({ bucket }) => bucket === window);
    const isCounted = (own?.counted ?? 0) === (events.get(window) ?? 0) && (own?.late ?? 0) === 0;
    if (!isCounted || (own !== undefined && isBare(own))) stale.push(window);
  }
  const [first, last] = [stale[0], stale.at(-1)];
  return first === undefined || last === undefined ? null : [first, last];
}
