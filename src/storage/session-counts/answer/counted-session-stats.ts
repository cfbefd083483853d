import { RELATIVE_ERROR } from "../../../model/questions/numbers/number-bins";
import { rankOf } from "../../../model/questions/numbers/quantile";
import { rankedBins } from "../../../model/questions/numbers/ranked-bins";
import type { DurationBins } from "../../../model/questions/sessions/duration-table";
import type { CountedSessions } from "../../../model/questions/sessions/session-counts";
import { canBeCounted, type SessionMetric } from "../../../model/questions/sessions/session-metrics";
import { countVisitors } from "../../../model/questions/sessions/visitor-table";
import type { Micros } from "../../../model/time/time";
import type { Database } from "../../core/databases";
import { withPartitions } from "../../partitions/known-partitions";
import type { Durations, SessionLine, SessionStatsAnswer } from "../../questions/session-stats";
import { ALL_APPLICATIONS } from "../count-windows";
import { TooManySessions } from "../window-events";
import type { RolledQuestion } from "./covering-rows";
import { hasWholeWindows, type RolledSessions, rolledSessions } from "./rolled-sessions";

export interface CountedQuestion {
  /** The starts of the buckets and the end of the last one, ascending. */
  bounds: readonly Micros[];
  /** Null: all. */
  applications: readonly string[] | null;
  /** Null: all. */
  metrics: readonly SessionMetric[] | null;
  /** Whether only an exact answer is wanted. */
  isExact: boolean;
  /** Whether percentiles may be near the right ones, and visitors estimated or missing. */
  isRough: boolean;
}

/**
 * Numbers of sessions from the counts of closed windows.
 *
 * @returns null if they cannot answer the question. Members that are not among the metrics have no meaning.
 * @throws DrizzleQueryError
 */
export async function countedSessionStats(
  databases: readonly Database[],
  { bounds, applications, metrics, isExact, isRough }: CountedQuestion,
): Promise<SessionStatsAnswer | null> {
  const application =
    applications === null ? ALL_APPLICATIONS : applications.length === 1 ? applications[0] : undefined;
  if (application === undefined || !hasWholeWindows(bounds) || !(isRough || canBeCounted(metrics))) return null;
  const wants = (metric: SessionMetric) => metrics === null || metrics.includes(metric);
  const hasDetails = wants("duration_percentiles") || wants("visitors");
  const found = await rolled(databases, { bounds, application, hasDetails });
  if (found === null) return null;
  if (!found.hasSums && (wants("events") || wants("duration_mean"))) return null;
  if (wants("duration_percentiles") && found.durations === null) return null;
  if (metrics?.every((metric) => metric === "visitors") === true && found.visitors === null) return null;
  if (isExact && (found.late > 0 || found.hotSince !== null)) return null;
  const total = lineOf(found);
  const groups = total.sessions.total === 0 ? [] : [{ texts: [], ...total }];
  const none = { groups: 0, ...lineOf({ buckets: [], durations: null, visitors: null }) };
  return {
    groups,
    other: none,
    total,
    unreadable: [],
    late: found.late,
    hotSince: found.hotSince,
    ...(wants("duration_percentiles") ? { percentilesError: RELATIVE_ERROR } : {}),
    ...(wants("visitors") ? { visitorShare: found.visitors?.share ?? null } : {}),
  };
}

async function rolled(databases: readonly Database[], question: RolledQuestion): Promise<RolledSessions | null> {
  try {
    return await withPartitions(databases, (map) => rolledSessions(databases, map, question));
  } catch (thrown) {
    if (thrown instanceof TooManySessions) return null;
    throw thrown;
  }
}

type Counted = Pick<RolledSessions, "buckets" | "durations" | "visitors">;

function lineOf({ buckets, durations, visitors }: Counted): SessionLine {
  const sum = (values: readonly number[]) => values.reduce((total, one) => total + one, 0);
  const line = (measure: (bucket: CountedSessions) => number) => {
    const values = buckets.map(measure);
    return { total: sum(values), values };
  };
  const durationsOf = (own: readonly CountedSessions[], bins: DurationBins | undefined): Durations => {
    const sessions = sum(own.map((bucket) => bucket.sessions));
    const micros = sum(own.map((bucket) => bucket.micros));
    return { mean: sessions === 0 ? null : micros / sessions / 1_000_000, ...percentilesOf(bins) };
  };
  return {
    sessions: line((bucket) => bucket.sessions),
    visitors: visitorsOf(visitors, buckets.length),
    bounces: line((bucket) => bucket.bounces),
    events: line((bucket) => bucket.events),
    durations: {
      total: durationsOf(buckets, durations === null ? undefined : added(durations)),
      values: buckets.map((bucket, place) => durationsOf([bucket], durations?.[place])),
    },
  };
}

function visitorsOf(visitors: RolledSessions["visitors"], buckets: number): SessionLine["visitors"] {
  if (visitors === null) return { total: null, values: Array.from({ length: buckets }, () => null) };
  const { share } = visitors;
  const all = countVisitors(new Set(visitors.buckets.flatMap((own) => [...own])), share);
  const each = visitors.buckets.map((own) => countVisitors(own, share));
  return {
    ...{ total: all.count, values: each.map(({ count }) => count) },
    ...(share < 1 ? { intervals: { total: all.interval, values: each.map(({ interval }) => interval) } } : {}),
  };
}

function added(all: readonly DurationBins[]): DurationBins {
  const total: DurationBins = new Map();
  for (const bins of all) for (const [bin, count] of bins) total.set(bin, (total.get(bin) ?? 0) + count);
  return total;
}

/** Both by nearest rank, to RELATIVE_ERROR. */
function percentilesOf(bins: DurationBins = new Map()): Pick<Durations, "p50" | "p90"> {
  const size = [...bins.values()].reduce((sum, count) => sum + count, 0);
  if (size <= 0) return { p50: null, p90: null };
  const at = rankedBins(bins);
  return { p50: at(rankOf(0.5, size)), p90: at(rankOf(0.9, size)) };
}
