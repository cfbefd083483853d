import type { Database } from "../core/databases";
import { MAX_LIVE_EVENTS } from "../core/read-limits";
import { withPartitions } from "../partitions/known-partitions";
import type { PartitionMap } from "../partitions/partition-map";
import { countStats } from "./count-stats";
import { eventsToExamine } from "./examined-events";
import type { Shown, StatsAnswer } from "./stats-answer";
import type { SeriesDimension, StatsQuestion, Templates } from "./stats-question";
import { tupleStats } from "./tuple-stats";

/** A question that would look at more events than an answer may. */
export interface TooManyEvents {
  kind: "too_many_events";
  events: number;
}

/**
 * Answers a question about numbers of events, sessions, visitors or values.
 *
 * - Numbers of events by application, category and name: from counts, whatever the range.
 * - Everything else: from the events, as far as they are no more than MAX_LIVE_EVENTS.
 *
 * @throws DrizzleQueryError
 */
export function answerStats(
  databases: readonly Database[],
  question: StatsQuestion,
  { shown, templates }: { shown: Shown; templates: Templates },
): Promise<StatsAnswer | TooManyEvents> {
  return withPartitions(databases, async (map) => {
    const dimensions = seriesDimensions(question);
    if (question.metric.kind === "events" && question.properties.length === 0 && dimensions !== null) {
      return countStats(databases, map, { ...question, groupBy: dimensions }, shown);
    }
    return answerFromEvents(databases, map, question, { shown, templates });
  });
}

async function answerFromEvents(
  databases: readonly Database[],
  map: PartitionMap,
  question: StatsQuestion,
  options: { shown: Shown; templates: Templates },
): Promise<StatsAnswer | TooManyEvents> {
  const period = { start: question.bounds[0] ?? 0, end: question.bounds.at(-1) ?? 0 };
  const events = await eventsToExamine(databases, map, period, question.filter);
  if (events > MAX_LIVE_EVENTS) return { kind: "too_many_events", events };
  const answer = await tupleStats(databases, map, question, options);
  return answer ?? { kind: "too_many_events", events: MAX_LIVE_EVENTS };
}

function seriesDimensions({ groupBy }: StatsQuestion): SeriesDimension[] | null {
  const kinds = groupBy.flatMap(({ kind }) => (kind === "property" ? [] : [kind]));
  return kinds.length === groupBy.length ? kinds : null;
}
