import type { Micros } from "../../model/time/time";
import { DAY_SECONDS, HOUR_SECONDS } from "../../model/time/units";
import type { Database } from "../core/databases";
import { FILLED_BYTES } from "../erasures/scrub/free-space";
import type { Span } from "./count-tables";

interface CountedEvents {
  events: number;
  /** The events of the hour that has the most. */
  busiest: number;
  /** The size of the whole database, without what only overwrites free pages. */
  bytes: number;
}

/**
 * Counts the events of the hours that start in a span: reads a row for each hour and 256 dimension keys.
 *
 * @throws what D1 throws
 */
export async function eventsOfHours({ binding }: Database, [first, last]: Span): Promise<CountedEvents> {
  const { results, meta } = await binding
    .prepare(
      `SELECT coalesce(sum(events), 0) AS events, coalesce(max(events), 0) AS busiest, (${FILLED_BYTES}) AS filled FROM (
         SELECT sum(counts.events) AS events
         FROM (SELECT DISTINCT series_id / 256 AS page FROM series) AS pages CROSS JOIN counts
         WHERE counts.seconds = ${HOUR_SECONDS} AND counts.page = pages.page AND counts.bucket BETWEEN ?1 AND ?2
         GROUP BY counts.bucket
       )`,
    )
    .bind(first, last)
    .all<{ events: number; busiest: number; filled: number }>();
  const [{ events, busiest, filled } = { events: 0, busiest: 0, filled: 0 }] = results;
  return { events, busiest, bytes: meta.size_after - filled };
}

/** Counts the events that occurred in the last 24 hours. */
export function eventsOfLastDay(database: Database, now: Micros): Promise<CountedEvents> {
  const since = Math.floor(now / 1_000_000) - DAY_SECONDS;
  return eventsOfHours(database, [since, since + DAY_SECONDS]);
}
