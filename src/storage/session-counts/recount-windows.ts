import { writeDurations } from "../../model/questions/sessions/duration-table";
import { writeSessionCounts } from "../../model/questions/sessions/session-counts";
import { writeVisitors } from "../../model/questions/sessions/visitor-table";
import type { Micros } from "../../model/time/time";
import { HOUR_MICROS } from "../../model/time/units";
import { type Database, firstDatabase } from "../core/databases";
import { readerOf } from "../core/reader";
import type { Span } from "../counts/count-tables";
import { WINDOW_SECONDS } from "../partitions/partition";
import type { PartitionMap } from "../partitions/partition-map";
import {
  ALL_APPLICATIONS,
  type CountedWindows,
  countWindows,
  noWindowCounts,
  type WindowCounts,
} from "./count-windows";
import { findWindows, hotSince } from "./earlier-windows";
import { addToSums, binOfSample, isUnchanged, noSums, type Sums, writeSums } from "./fingerprint";
import { lateStatement, MAX_VISITORS, replaceSessionRows, type SessionRow } from "./session-count-store";
import type { ApplicationEvents } from "./window-events";
import type { WindowTotals } from "./window-totals";

/** Later windows of a changed session that are counted again: at least a day. */
export const MAX_LATER = 96;

/**
 * Before the first window was counted, a queue may have held events for this long. Those that were received earlier were
 * stored when later windows were counted.
 */
const MAX_DELAY: Micros = HOUR_MICROS;

interface Recount {
  /** The first and the last window. */
  span: Span;
  /** Their rows, if they have been counted before. */
  held: readonly SessionRow[];
  totals: WindowTotals;
  beganAt: Micros;
  /** The most groups of events in a slice. */
  mostGroups: number;
}

/**
 * Counts adjacent windows again, and notes which later windows follow: those of the sessions that have changed.
 *
 * @returns the number of rows
 * @throws what D1 throws
 */
export async function recountWindows(
  databases: readonly Database[],
  map: PartitionMap,
  { span: [first, last], held, totals, beganAt, mostGroups }: Recount,
): Promise<number> {
  const buckets = Array.from({ length: (last - first) / WINDOW_SECONDS + 1 }, (_, n) => first + n * WINDOW_SECONDS);
  const applications = [...totals.keys()].filter((name) => name !== ALL_APPLICATIONS);
  const hasSeveral = applications.length > 1 || (await hasSeveralApplications(databases));
  const sums = new Map(buckets.map((bucket): [number, Sums] => [bucket / WINDOW_SECONDS, noSums()]));
  const later = new Map<number, number>();
  const counted = await countWindows(databases, map, {
    ...{ from: first * 1_000_000, to: (last + WINDOW_SECONDS) * 1_000_000, applications: null },
    ...{ isEach: true, hasSeveral, hasDetails: true, notBefore: 0, mostGroups },
    expected: buckets.reduce((sum, bucket) => sum + (totals.get(ALL_APPLICATIONS)?.get(bucket) ?? 0), 0),
    onSlice: async (events) => {
      for (const event of events) addToSums(sums.get(event.window) ?? [], event);
      const sessions = changedSessions(events, { held, sums, beganAt });
      const search = { direction: "after" as const, window: last / WINDOW_SECONDS, notBefore: 0, most: MAX_LATER };
      for (const windows of (await findWindows(databases, map, sessions, search)).values()) {
        for (const window of windows.keys()) {
          later.set(window * WINDOW_SECONDS, (later.get(window * WINDOW_SECONDS) ?? 0) + 1);
        }
      }
    },
  });
  noteErased(counted, totals, buckets);
  const since = hotSince(map, first * 1_000_000) * WINDOW_SECONDS;
  const rows = [...counted].flatMap(([application, byWindow]) =>
    [...byWindow].map(([window, counts]): SessionRow => {
      const bucket = window * WINDOW_SECONDS;
      const isAll = application === ALL_APPLICATIONS;
      return {
        ...{ application, bucket, hotSince: since, held: writeSessionCounts(counts) },
        durations: writeDurations(counts.durations),
        visitors: writeVisitors(counts.visitors, MAX_VISITORS[WINDOW_SECONDS]),
        counted: totals.get(application)?.get(bucket) ?? 0,
        late: isAll ? (held.find((one) => one.bucket === bucket)?.late ?? 0) : 0,
        fingerprint: isAll ? writeSums(sums.get(window) ?? noSums()) : null,
      };
    }),
  );
  const marks = later.size === 0 ? [] : [lateStatement(firstDatabase(databases), later)];
  await replaceSessionRows(firstDatabase(databases), { seconds: WINDOW_SECONDS, buckets, rows }, marks);
  return rows.length;
}

/** Gives windows whose events are in the counts but erased a row, so that they are not taken for not yet counted. */
function noteErased(counted: CountedWindows, totals: WindowTotals, buckets: readonly number[]): void {
  for (const [application, events] of totals) {
    const byWindow = counted.get(application) ?? new Map<number, WindowCounts>();
    counted.set(application, byWindow);
    for (const bucket of buckets) {
      const window = bucket / WINDOW_SECONDS;
      if ((events.get(bucket) ?? 0) > 0 && !byWindow.has(window)) byWindow.set(window, noWindowCounts());
    }
  }
}

/** The sessions of a slice whose later windows were counted without some of these events. */
function changedSessions(
  events: readonly ApplicationEvents[],
  { held, sums, beganAt }: { held: readonly SessionRow[]; sums: ReadonlyMap<number, Sums>; beganAt: Micros },
): string[] {
  const stored = new Map(held.map(({ bucket, fingerprint }) => [bucket / WINDOW_SECONDS, fingerprint]));
  const changed = events.filter(({ window, sampleKey, received }) => {
    const fingerprint = stored.get(window) ?? null;
    if (fingerprint === null) return received > beganAt - MAX_DELAY;
    return !isUnchanged(fingerprint, sums.get(window) ?? [], binOfSample(sampleKey));
  });
  return [...new Set(changed.map(({ session }) => session))];
}

async function hasSeveralApplications(databases: readonly Database[]): Promise<boolean> {
  const found = await Promise.all(
    databases.map((database) =>
      readerOf(database).all<{ application: string }>(
        "SELECT min(application) AS application FROM series UNION SELECT max(application) FROM series",
      ),
    ),
  );
  return new Set(found.flat().flatMap(({ application }) => application ?? [])).size > 1;
}
