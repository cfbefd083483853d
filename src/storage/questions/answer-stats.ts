import type { SeriesDimension } from "../../model/questions/stats-dimension";
import { periodOf } from "../../model/time/calendar";
import type { Database } from "../core/databases";
import { MAX_LIVE_EVENTS } from "../core/read-limits";
import { type WantedSeries, wantedSeriesIn } from "../events/wanted-series";
import { withPartitions } from "../partitions/known-partitions";
import type { PartitionMap } from "../partitions/partition-map";
import { type StoredProperty, templatesOf } from "../properties/declared-properties";
import { countStats } from "./count-stats";
import { eventsToExamine } from "./examined-events";
import { rolledStats } from "./rolled-stats";
import type { Shown, StatsAnswer, TooManyEvents } from "./stats-answer";
import type { StatsQuestion } from "./stats-question";
import { tupleStats } from "./tuple-stats";

/** Up to this many events are read directly, even if their property is declared: that is as fast, and exact. */
const FEW_EVENTS = 5_000;

interface StatsOptions {
  shown: Shown;
  /** All declared properties. */
  declared: readonly StoredProperty[];
  /** True if inexact value counts must not be used. */
  isExact?: boolean;
  /** Events that may be read themselves; MAX_LIVE_EVENTS if not given. */
  most?: number;
  /** The partition map, if it has been read. */
  map?: PartitionMap;
  /** The dimension keys of each database that match the filter, if they have been read. */
  wanted?: readonly WantedSeries[] | undefined;
}

/**
 * Answers a query for numbers of events, sessions, visitors or values.
 *
 * - Numbers of events by application, category and name: from counts, for any range.
 * - If there are few events: from the events.
 * - By one declared property: from the counts of its values, for any range.
 * - Everything else: from the events, up to MAX_LIVE_EVENTS.
 *
 * @throws DrizzleQueryError
 */
export function answerStats(
  databases: readonly Database[],
  question: StatsQuestion,
  { shown, declared, isExact = false, most = MAX_LIVE_EVENTS, ...known }: StatsOptions,
): Promise<StatsAnswer | TooManyEvents> {
  const answer = async (map: PartitionMap) => {
    const dimensions = seriesDimensions(question);
    if (question.metric.kind === "events" && question.properties.length === 0 && dimensions !== null) {
      return countStats(databases, map, { ...question, groupBy: dimensions }, shown);
    }
    const wanted = known.wanted ?? (await wantedSeriesIn(databases, question.filter));
    const options = { shown, declared, templates: templatesOf(declared), wanted };
    const examined = eventsToExamine(databases, map, periodOf(question.bounds), question.filter, wanted);
    const isWorthwhile = async () => (await examined) > FEW_EVENTS;
    const [events, rolled] = await Promise.all([
      examined,
      rolledStats(databases, map, question, { ...options, isWorthwhile }),
    ]);
    if (rolled !== null && !(isExact && isInexact(rolled))) return rolled;
    if (events > most) return { kind: "too_many_events", events } as const;
    return (await tupleStats(databases, map, question, options)) ?? ({ kind: "too_many_events", events } as const);
  };
  return withPartitions(databases, answer, known.map);
}

/** Whether reading the events would give a more exact answer. */
function isInexact(found: StatsAnswer | TooManyEvents): boolean {
  if ("kind" in found || found.accuracy.exact) return false;
  return found.accuracy.relative_error !== undefined || found.accuracy.groups_folded !== undefined;
}

function seriesDimensions({ groupBy }: StatsQuestion): SeriesDimension[] | null {
  const kinds = groupBy.flatMap(({ kind }) => (kind === "property" ? [] : [kind]));
  return kinds.length === groupBy.length ? kinds : null;
}
