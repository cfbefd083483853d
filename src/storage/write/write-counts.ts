import { SERIES_PER_PAGE } from "../../model/limits";
import { DAY_SECONDS, HOUR_SECONDS } from "../../model/time/units";
import { storedIdSql } from "../core/packed-id";
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

/**
 * Adds `by_minute` to the buckets of some widths.
 *
 * @param having a condition on `seconds`, `page` and `bucket` that selects the buckets
 */
function addBuckets(table: "counts" | "receipt_counts", widths: readonly number[], having = "true"): string {
  return `
widths (seconds) AS (VALUES ${widths.map((seconds) => `(${seconds})`).join(", ")}),
aggregates AS (
  SELECT seconds, series_id / ${SERIES_PER_PAGE} AS page, minute / seconds * seconds AS bucket, series_id,
    sum(events) AS events
  FROM by_minute CROSS JOIN widths GROUP BY seconds, page, bucket, series_id
)
INSERT INTO ${table} (seconds, page, bucket, events, by_series)
SELECT seconds, page, bucket, sum(events), json_group_object(series_id, events)
FROM aggregates WHERE true GROUP BY seconds, page, bucket HAVING ${having}
ON CONFLICT DO UPDATE SET events = ${table}.events + excluded.events, by_series = ${merged(table)}`;
}

export const ADD_HOURS_AND_DAYS = `${BY_MINUTE}, ${addBuckets("counts", [HOUR_SECONDS, DAY_SECONDS])}`;

const RECEIPT_WIDTHS = [60, HOUR_SECONDS, DAY_SECONDS];

/** The same by receipt: ?1 has the minutes of receipt. */
export const ADD_RECEIPTS = `${BY_MINUTE}, ${addBuckets("receipt_counts", RECEIPT_WIDTHS)}`;

/**
 * Subtracts copies in a late lane from the counts by receipt, before the same transaction deletes them. Rows that are
 * already deleted are not subtracted again, and minutes that are no longer kept are not added again.
 *
 * ?1: [[slot, sample key, packed session, occurred_at, tie, file], …]. If the file is not finished, the row is no copy:
 * it is the event itself, which is being moved to that file.
 */
export function subtractReceipts(suffix: string): string {
  const isKept = `EXISTS (SELECT 1 FROM receipt_counts AS held WHERE held.seconds = aggregates.seconds
    AND held.page = aggregates.page AND held.bucket = aggregates.bucket)`;
  return `
WITH by_minute AS MATERIALIZED (
  SELECT series_id, (events.occurred_at + received_after) / 60000000 * 60 AS minute, -1 AS events
  FROM json_each(?1) AS copy CROSS JOIN events_${suffix} AS events
  WHERE slot = copy.value ->> 0 AND sample_key = copy.value ->> 1 AND session_id = ${storedIdSql("(copy.value ->> 2)")}
    AND occurred_at = copy.value ->> 3 AND tie = copy.value ->> 4
    AND (copy.value ->> 5 IS NULL OR EXISTS (SELECT 1 FROM archive_finished WHERE file_id = copy.value ->> 5))
), ${addBuckets("receipt_counts", RECEIPT_WIDTHS, isKept)}`;
}

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
