import { SERIES_PER_PAGE } from "../../model/limits";
import { chunkSeries } from "./write-series";

/**
 * Counts a chunk of events that are not stored yet. ?1: [[place of the dimension key in ?2, minute, events], …],
 * minutes by their starts in seconds since 1970; ?2: the chunk's dimension keys. A batch writes one row for each
 * bucket and page of dimension keys.
 */

const BY_MINUTE = `
WITH ${chunkSeries("?2")},
by_minute AS MATERIALIZED (
  SELECT series_id, value ->> 1 AS minute, value ->> 2 AS events
  FROM json_each(?1) CROSS JOIN chunk_series ON place = value ->> 0
)`;

/** Adds the numbers of a new row to those of the existing row of `table`. */
function merged(table: string): string {
  return `json_patch(${table}.by_series, (
    SELECT json_group_object(key, value + coalesce(${table}.by_series ->> ('$."' || key || '"'), 0))
    FROM json_each(excluded.by_series)
  ))`;
}

export const ADD_HOURS_AND_DAYS = `${BY_MINUTE},
widths (seconds) AS (VALUES (3600), (86400)),
aggregates AS (
  SELECT seconds, series_id / ${SERIES_PER_PAGE} AS page, minute / seconds * seconds AS bucket, series_id,
    sum(events) AS events
  FROM by_minute CROSS JOIN widths GROUP BY seconds, page, bucket, series_id
)
INSERT INTO counts (seconds, page, bucket, events, by_series)
SELECT seconds, page, bucket, sum(events), json_group_object(series_id, events)
FROM aggregates WHERE true GROUP BY seconds, page, bucket
ON CONFLICT DO UPDATE SET events = counts.events + excluded.events, by_series = ${merged("counts")}`;

export function addMinutes(suffix: string): string {
  const table = `minutes_${suffix}`;
  return `${BY_MINUTE},
aggregates AS (
  SELECT series_id / ${SERIES_PER_PAGE} AS page, minute, series_id, sum(events) AS events
  FROM by_minute GROUP BY page, minute, series_id
)
INSERT INTO ${table} (page, minute, events, by_series)
SELECT page, minute, sum(events), json_group_object(series_id, events) FROM aggregates WHERE true GROUP BY page, minute
ON CONFLICT DO UPDATE SET events = ${table}.events + excluded.events, by_series = ${merged(table)}`;
}

/** Records the hours in which the dimension keys of a chunk have events. */
export const ADD_SERIES_HOURS = `${BY_MINUTE}
INSERT INTO series_hours (series_id, hour) SELECT DISTINCT series_id, minute / 3600 * 3600 FROM by_minute WHERE true
ON CONFLICT DO NOTHING`;
