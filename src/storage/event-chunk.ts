import { storedIdSql } from "./packed-id";

/** The parts that statements over a chunk of events share. ?1 holds its events, ?2 its series. */

/**
 * The series of a chunk by their place in ?2, [[category, name, application], …], which is how its events name them. To be
 * joined by CROSS JOIN, behind the events: SQLite would go through all of them for each series otherwise.
 */
export const CHUNK_SERIES = `
chunk_series AS MATERIALIZED (
  SELECT key AS place, category_id, series_id
  FROM json_each(?2) JOIN categories ON category = value ->> 0
  JOIN series USING (category_id)
  WHERE series.name = value ->> 1 AND series.application = value ->> 2
)`;

/** True of the events of `arriving` that are not stored yet. */
export const IS_NEW = `NOT EXISTS (
  SELECT 1 FROM events
  WHERE events.occurred_at = arriving.occurred_at AND events.received_after = arriving.received_after
    AND events.session_id = arriving.session_id AND events.sequence = arriving.sequence
)`;

/** ?1: [[occurred_at, received_after, session_id, sequence, series, …], …]. */
export const EVENT_KEYS = `
  value ->> 0 AS occurred_at, value ->> 1 AS received_after, ${storedIdSql("value ->> 2")} AS session_id,
  value ->> 3 AS sequence, value ->> 4 AS place`;
