import type { Period } from "../../../model/time/calendar";
import type { Micros } from "../../../model/time/time";
import type { Database } from "../../core/databases";
import { MAX_LIVE_EVENTS, MAX_SESSION_EVENTS } from "../../core/read-limits";
import type { Span } from "../../counts/count-tables";
import { WINDOW_MICROS, WINDOW_SECONDS, windowOf } from "../../partitions/partition";
import type { PartitionMap } from "../../partitions/partition-map";
import { eventsToExamine } from "../../questions/examined-events";
import { readTuples } from "../../questions/tuples/read-tuples";
import { unreadableIn } from "../../questions/unreadable";
import { ALL_APPLICATIONS, countWindows, type WindowCounts } from "../count-windows";
import { hotSince } from "../earlier-windows";
import { adjacentSpans } from "../window-totals";

/** Adjacent windows that are counted together: a day. */
const MAX_ADJACENT = 96;

/** The most groups of adjacent windows. Only while the past has not been counted yet are there many. */
const MAX_GROUPS = 40;

export interface LiveQuestion {
  /** Their starts, in seconds since 1970. */
  windows: readonly number[];
  /** The period of the whole question. */
  period: Period;
  applications: readonly string[] | null;
  /** Whether single durations and visitors are counted. */
  hasDetails: boolean;
}

/**
 * What windows that are not stored yet add, from their events.
 *
 * @returns null if they have too many events, or if these are no longer in the databases
 * @throws TooManySessions, DrizzleQueryError
 */
export async function liveCounts(
  databases: readonly Database[],
  map: PartitionMap,
  { windows, period, applications, hasDetails }: LiveQuestion,
): Promise<{ counts: WindowCounts[]; hotSince: Micros } | null> {
  const groups = adjacentSpans(windows, WINDOW_SECONDS).flatMap((span) => groupsIn(span, period.end));
  if (groups.length > MAX_GROUPS || unreadableIn(map, groups).length > 0) return null;
  const filter = { applications, category: null, name: null };
  const sizes = await Promise.all(groups.map((group) => eventsToExamine(databases, map, group, filter)));
  if (sizes.reduce((sum, size) => sum + size, 0) > MAX_SESSION_EVENTS) return null;
  const counts: WindowCounts[] = [];
  for (const [place, { start, end }] of groups.entries()) {
    const expected = sizes[place] ?? 0;
    if (expected === 0) continue;
    const counted = await countWindows(databases, map, {
      ...{ from: start, to: end, applications, expected, isEach: false, hasSeveral: true },
      hasDetails,
      notBefore: windowOf(period.start),
    });
    counts.push(...(counted.get(ALL_APPLICATIONS)?.values() ?? []));
  }
  const isEmpty = sizes.every((size) => size === 0);
  return { counts, hotSince: isEmpty ? 0 : hotSince(map, groups.at(-1)?.start ?? 0) * WINDOW_MICROS };
}

/** The periods of adjacent windows, each at most a day. The last window may end early. */
function groupsIn([first, last]: Span, periodEnd: Micros): Period[] {
  const groups: Period[] = [];
  const end = Math.min((last + WINDOW_SECONDS) * 1_000_000, periodEnd);
  for (let start = first * 1_000_000; start < end; start += MAX_ADJACENT * WINDOW_MICROS) {
    groups.push({ start, end: Math.min(start + MAX_ADJACENT * WINDOW_MICROS, end) });
  }
  return groups;
}

/** The events of late lanes, which no count includes. */
export async function lateEventsIn(
  databases: readonly Database[],
  map: PartitionMap,
  period: Period,
  applications: readonly string[] | null,
): Promise<number> {
  if (!map.hasLate(period)) return 0;
  const filter = { applications, category: null, name: null };
  const question = { periods: [period], filter, paths: [], lanes: "late" as const, most: MAX_LIVE_EVENTS };
  const { events } = await readTuples(databases, map, question, () => undefined);
  return events;
}
