import type { CountedSessions } from "../../../model/questions/sessions/session-counts";
import { canBeCounted, type SessionMetric } from "../../../model/questions/sessions/session-metrics";
import type { Micros } from "../../../model/time/time";
import type { Database } from "../../core/databases";
import { withPartitions } from "../../partitions/known-partitions";
import type { Durations, SessionLine, SessionStatsAnswer } from "../../questions/session-stats";
import { ALL_APPLICATIONS } from "../count-windows";
import { TooManySessions } from "../window-events";
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
}

/**
 * Numbers of sessions from the counts of closed windows.
 *
 * @returns null if they cannot answer the question. Members that are not among the metrics have no meaning.
 * @throws DrizzleQueryError
 */
export async function countedSessionStats(
  databases: readonly Database[],
  { bounds, applications, metrics, isExact }: CountedQuestion,
): Promise<SessionStatsAnswer | null> {
  const application =
    applications === null ? ALL_APPLICATIONS : applications.length === 1 ? applications[0] : undefined;
  if (metrics === null || !canBeCounted(metrics) || application === undefined || !hasWholeWindows(bounds)) return null;
  const found = await rolled(databases, { bounds, application });
  if (found === null) return null;
  if (!found.hasSums && (metrics.includes("events") || metrics.includes("duration_mean"))) return null;
  if (isExact && (found.late > 0 || found.hotSince !== null)) return null;
  const total = lineOf(found.buckets);
  const groups = total.sessions.total === 0 ? [] : [{ texts: [], ...total }];
  const none = { groups: 0, ...lineOf([]) };
  return {
    groups,
    other: none,
    total,
    unreadable: [],
    late: found.late,
    hotSince: found.hotSince,
  };
}

async function rolled(
  databases: readonly Database[],
  question: { bounds: readonly Micros[]; application: string },
): Promise<RolledSessions | null> {
  try {
    return await withPartitions(databases, (map) => rolledSessions(databases, map, question));
  } catch (thrown) {
    if (thrown instanceof TooManySessions) return null;
    throw thrown;
  }
}

function lineOf(buckets: readonly CountedSessions[]): SessionLine {
  const sum = (values: readonly number[]) => values.reduce((total, one) => total + one, 0);
  const line = (measure: (bucket: CountedSessions) => number) => {
    const values = buckets.map(measure);
    return { total: sum(values), values };
  };
  const durations = (own: readonly CountedSessions[]): Durations => {
    const sessions = sum(own.map((bucket) => bucket.sessions));
    const micros = sum(own.map((bucket) => bucket.micros));
    return { mean: sessions === 0 ? null : micros / sessions / 1_000_000, p50: null, p90: null };
  };
  return {
    sessions: line((bucket) => bucket.sessions),
    visitors: { total: 0, values: [] },
    bounces: line((bucket) => bucket.bounces),
    events: line((bucket) => bucket.events),
    durations: { total: durations(buckets), values: buckets.map((bucket) => durations([bucket])) },
  };
}
