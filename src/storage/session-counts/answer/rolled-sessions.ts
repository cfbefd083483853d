import {
  addToRange,
  type CountedSessions,
  noCountedSessions,
  readSessionCounts,
  type SessionCounts,
} from "../../../model/questions/sessions/session-counts";
import { bucketPlace, periodOf } from "../../../model/time/calendar";
import type { Micros } from "../../../model/time/time";
import type { Database } from "../../core/databases";
import { WINDOW_MICROS } from "../../partitions/partition";
import type { PartitionMap } from "../../partitions/partition-map";
import { ALL_APPLICATIONS } from "../count-windows";
import { coveringRows, type RolledQuestion } from "./covering-rows";
import { lateEventsIn, liveCounts } from "./live-windows";

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
  const found = await coveringRows(databases, map, { bounds, application });
  for (const row of found.rows) {
    use(readSessionCounts(row.held));
    noteHotSince(result, row.hotSince * 1_000_000, bounds);
  }
  result.late += found.late;
  if (!isKnown) return null;

  const period = periodOf(bounds);
  const applications = application === ALL_APPLICATIONS ? null : [application];
  const live = await liveCounts(databases, map, { windows: found.uncounted, period, applications });
  if (live === null) return null;
  for (const counts of live.counts) use(counts);
  noteHotSince(result, live.hotSince, bounds);
  result.late += await lateEventsIn(databases, map, period, applications);
  return isKnown ? result : null;
}

function noteHotSince(result: RolledSessions, since: Micros, bounds: readonly Micros[]): void {
  if (since > (bounds[0] ?? 0)) result.hotSince = Math.max(result.hotSince ?? 0, since);
}
