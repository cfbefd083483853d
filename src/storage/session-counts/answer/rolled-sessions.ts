import { type DurationBins, type DurationTable, readDurations } from "../../../model/questions/sessions/duration-table";
import {
  addToRange,
  type CountedSessions,
  noCountedSessions,
  readSessionCounts,
  type SessionCounts,
} from "../../../model/questions/sessions/session-counts";
import { readVisitors, type VisitorHashes, type VisitorTable } from "../../../model/questions/sessions/visitor-table";
import { bucketPlace, periodOf } from "../../../model/time/calendar";
import type { Micros } from "../../../model/time/time";
import { type Database, firstDatabase } from "../../core/databases";
import { WINDOW_MICROS } from "../../partitions/partition";
import type { PartitionMap } from "../../partitions/partition-map";
import { ALL_APPLICATIONS } from "../count-windows";
import { readSessionRows, type SessionRow } from "../session-count-store";
import { coveringRows, type RolledQuestion } from "./covering-rows";
import { lateEventsIn, liveCounts } from "./live-windows";

/** Calls for the details of many rows. Beyond that, there are none: each call can return 10 MB. */
const MAX_DETAIL_CALLS = 10;

export interface RolledSessions {
  /** One for each bucket. */
  buckets: CountedSessions[];
  /** False if the events and durations of the buckets are not known for this range. */
  hasSums: boolean;
  /** The durations of each bucket. Null if details are not wanted, or not known for this range. */
  durations: DurationBins[] | null;
  /** Likewise the visitors of each bucket, and the share that all of them have of their own. */
  visitors: { buckets: VisitorHashes[]; share: number } | null;
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
  { bounds, application, hasDetails }: RolledQuestion,
): Promise<RolledSessions | null> {
  const first = (bounds[0] ?? 0) / WINDOW_MICROS;
  const buckets = bounds.slice(1).map(noCountedSessions);
  const result: RolledSessions = { buckets, ...noDetails(buckets.length, hasDetails), ...NOTHING_AMISS };
  let isKnown = true;
  const use = (counts: SessionCounts) => {
    if (counts.starts.since > first) isKnown = false;
    if (counts.sums.since > first) result.hasSums = false;
    addToRange(counts, first, (window) => buckets[bucketPlace(bounds, window * WINDOW_MICROS)]);
  };
  const addDetails = createDetails(result, bounds);
  const found = await coveringRows(databases, map, { bounds, application, hasDetails });
  for (const row of found.rows) {
    use(readSessionCounts(row.held));
    addDetails.ofRow(row);
    noteHotSince(result, row.hotSince * 1_000_000, bounds);
  }
  result.late += found.late;
  if (!isKnown) return null;
  if (found.unread.length > MAX_DETAIL_CALLS) Object.assign(result, noDetails(0, false));
  for (const query of hasDetailsIn(result) ? found.unread : []) {
    const [rows = []] = await readSessionRows(firstDatabase(databases), [query]);
    for (const row of rows) addDetails.ofRow(row);
  }

  const period = periodOf(bounds);
  const applications = application === ALL_APPLICATIONS ? null : [application];
  const live = await liveCounts(databases, map, {
    ...{ windows: found.uncounted, period, applications },
    hasDetails: hasDetailsIn(result),
  });
  if (live === null) return null;
  for (const counts of live.counts) {
    use(counts);
    addDetails.durations(counts.durations);
    addDetails.visitors(counts.visitors);
  }
  noteHotSince(result, live.hotSince, bounds);
  result.late += await lateEventsIn(databases, map, period, applications);
  return isKnown ? result : null;
}

const NOTHING_AMISS = { hasSums: true, late: 0, hotSince: null };

function noDetails(buckets: number, isWanted: boolean): Pick<RolledSessions, "durations" | "visitors"> {
  if (!isWanted) return { durations: null, visitors: null };
  const each = <Content>(make: () => Content) => Array.from({ length: buckets }, make);
  return { durations: each(() => new Map()), visitors: { buckets: each(() => new Set()), share: 1 } };
}

function hasDetailsIn({ durations, visitors }: RolledSessions): boolean {
  return durations !== null || visitors !== null;
}

/** Functions that add details to a result, as long as all of them are known. */
function createDetails(result: RolledSessions, bounds: readonly Micros[]) {
  const first = (bounds[0] ?? 0) / WINDOW_MICROS;
  const placeOf = (window: number) => bucketPlace(bounds, window * WINDOW_MICROS);
  const durations = (own: DurationTable | null) => {
    if (own === null || !own.isKnownFrom(first)) result.durations = null;
    own?.addToRange(first, (window) => result.durations?.[placeOf(window)]);
  };
  const visitors = (own: VisitorTable | null) => {
    if (own === null || !own.isKnownFrom(first)) result.visitors = null;
    own?.addToRange(first, (window) => result.visitors?.buckets[placeOf(window)]);
    if (result.visitors !== null && own !== null) result.visitors.share = Math.min(result.visitors.share, own.share);
  };
  /** Empty texts are those that are still to be read. */
  const ofRow = (row: SessionRow) => {
    if (result.durations !== null && row.durations !== "") {
      durations(row.durations === null ? null : readDurations(row.durations));
    }
    if (result.visitors !== null && row.visitors !== "") {
      visitors(row.visitors === null ? null : readVisitors(row.visitors));
    }
  };
  return { durations, visitors, ofRow };
}

function noteHotSince(result: RolledSessions, since: Micros, bounds: readonly Micros[]): void {
  if (since > (bounds[0] ?? 0)) result.hotSince = Math.max(result.hotSince ?? 0, since);
}
