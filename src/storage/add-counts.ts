import { SERIES_PER_PAGE } from "../model/limits";
import { CHUNK_SERIES, EVENT_KEYS, IS_NEW } from "./event-chunk";

/**
 * Adds to one row for each width, bucket and page of series, however many series occur. Before it come `chunk_series` and
 * `by_minute` (series_id, minute, events).
 */
const ADD_BY_MINUTE = `
widths (seconds) AS (VALUES (60), (3600), (86400)),
cells AS (
  SELECT seconds, series_id / ${SERIES_PER_PAGE} AS page, minute / seconds * seconds AS bucket, series_id, sum(events) AS events
  FROM by_minute CROSS JOIN widths GROUP BY seconds, page, bucket, series_id
)
INSERT INTO counts (seconds, page, bucket, events, by_series)
SELECT seconds, page, bucket, sum(events), json_group_object(series_id, events)
FROM cells WHERE true GROUP BY seconds, page, bucket
ON CONFLICT DO UPDATE SET events = counts.events + excluded.events, by_series = json_patch(counts.by_series, (
  SELECT json_group_object(key, value + coalesce(counts.by_series ->> ('$."' || key || '"'), 0))
  FROM json_each(excluded.by_series)
))`;

/**
 * Counts a chunk of which no event is stored yet. ?1: [[place of the series in ?2, minute, events], …]; ?2: the chunk's
 * series.
 */
export const ADD_ALL_COUNTS = `
WITH ${CHUNK_SERIES},
by_minute AS MATERIALIZED (
  SELECT series_id, value ->> 1 AS minute, value ->> 2 AS events
  FROM json_each(?1) CROSS JOIN chunk_series ON place = value ->> 0
),
${ADD_BY_MINUTE}`;

/**
 * Counts those events of a chunk that are not stored yet: exact however often a batch comes. Runs before the events are
 * inserted. ?1: the events' keys; ?2: the chunk's series.
 */
export const ADD_NEW_COUNTS = `
WITH ${CHUNK_SERIES},
arriving AS (SELECT ${EVENT_KEYS} FROM json_each(?1)),
fresh AS MATERIALIZED (
  SELECT occurred_at, place FROM arriving WHERE ${IS_NEW}
),
by_minute AS MATERIALIZED (
  SELECT series_id, occurred_at / 60000000 * 60 AS minute, count(*) AS events
  FROM fresh CROSS JOIN chunk_series USING (place) GROUP BY series_id, minute
),
${ADD_BY_MINUTE}`;

/**
 * Notes in which minutes the series of a chunk have events. It need not know which of them are new: those that are not
 * have left their row. ?1: [[place of the series in ?2, minute, …], …].
 */
export const ADD_SERIES_MINUTES = `
WITH ${CHUNK_SERIES}
INSERT INTO series_minutes (series_id, minute)
SELECT series_id, value ->> 1 FROM json_each(?1) CROSS JOIN chunk_series ON place = value ->> 0 WHERE true
ON CONFLICT DO NOTHING`;
