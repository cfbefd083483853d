import { EVENT_CODE_NAMES } from "../../model/codes";
import { countedPath } from "../../model/event/issue-path";
import type { ErrorRow } from "./rows";

/**
 * The most groups (code, category, name, path) of failures of an application in one UTC day of receipt and one
 * database. Anyone with a public write key can send any category, name and path.
 */
export const MAX_FAILURE_GROUPS_PER_DAY = 1_000;

/**
 * Counts failed events. Runs before they are inserted and counts only those that are not stored yet, so counts are
 * exact however often a batch is delivered. ?1: [[id, received_seconds, application, category, name, [[code, path],
 * …], received_at], …].
 *
 * An event that needs a group beyond MAX_FAILURE_GROUPS_PER_DAY is counted under the category '', the name '' and
 * the path '': once under each of its codes and once under '', at every width, so that totals stay exact. The rows
 * of the day show which groups are new. Only if some are, and only for that application, are the day's rows counted,
 * at most MAX_FAILURE_GROUPS_PER_DAY.
 *
 * Rows written for a single failed event: three (minute, hour, day) for each of its distinct (code, path), and three
 * under '', so six if it has one issue. Events of a batch that share a group share its rows. Beyond the limit, all
 * events of an application share three rows for each code, and three under ''.
 */
export const ADD_FAILURES = `
WITH fresh AS MATERIALIZED (
  SELECT key AS place, value ->> 0 AS id, value ->> 1 AS received, value ->> 2 AS application, value ->> 3 AS category,
    value ->> 4 AS name, value -> 5 AS aggregates, value ->> 6 AS received_at
  FROM json_each(?1) AS arriving
  WHERE NOT EXISTS (SELECT 1 FROM errors WHERE errors.id = arriving.value ->> 0)
),
aggregates AS MATERIALIZED (
  SELECT place, fresh.id AS id, received, received_at, received / 86400 * 86400 AS day, application, category, name, aggregate.value ->> 0 AS code,
    aggregate.value ->> 1 AS path
  FROM fresh CROSS JOIN json_each(fresh.aggregates) AS aggregate
),
added AS MATERIALIZED (
  SELECT day, application, code, category, name, path, min(place) AS place FROM aggregates
  WHERE NOT EXISTS (
    SELECT 1 FROM failures AS held WHERE held.seconds = 86400 AND held.code = aggregates.code AND held.bucket = aggregates.day
      AND held.application = aggregates.application AND held.category = aggregates.category AND held.name = aggregates.name
      AND held.path = aggregates.path
  )
  GROUP BY day, application, code, category, name, path
),
budgets AS MATERIALIZED (
  SELECT day, application, ${MAX_FAILURE_GROUPS_PER_DAY} - (
    SELECT count(*) FROM (
      SELECT 1 FROM json_each('${JSON.stringify(["", ...EVENT_CODE_NAMES])}') AS codes CROSS JOIN failures AS held
      WHERE held.seconds = 86400 AND held.code = codes.value AND held.bucket = days.day
        AND held.application = days.application
      LIMIT ${MAX_FAILURE_GROUPS_PER_DAY}
    )
  ) AS budget
  FROM (SELECT DISTINCT day, application FROM added) AS days
),
refused AS MATERIALIZED (
  SELECT day, application, code, category, name, path
  FROM (
    SELECT *, row_number() OVER (PARTITION BY day, application ORDER BY place, code, path) AS number FROM added
  ) JOIN budgets USING (day, application) WHERE number > budget
),
folded AS MATERIALIZED (
  SELECT DISTINCT place FROM aggregates JOIN refused USING (day, application, code, category, name, path)
),
counted AS (
  SELECT id, received, received_at, application, category, name, code, path FROM aggregates
  WHERE place NOT IN (SELECT place FROM folded)
  UNION ALL
  SELECT DISTINCT id, received, received_at, application, '', '', code, '' FROM aggregates WHERE place IN (SELECT place FROM folded)
),
widths (seconds) AS (VALUES (60), (3600), (86400))
INSERT INTO failures (seconds, code, bucket, application, category, name, path, events, last_error_id, first_at, last_at)
SELECT seconds, code, received / seconds * seconds AS start, application, category, name, path, count(*), max(id),
  min(received_at), max(received_at)
FROM counted CROSS JOIN widths
WHERE true GROUP BY seconds, code, start, application, category, name, path
ON CONFLICT DO UPDATE SET events = failures.events + excluded.events, last_error_id = excluded.last_error_id,
  first_at = min(failures.first_at, excluded.first_at), last_at = max(failures.last_at, excluded.last_at)`;

/** The code under which failed events are counted, once each, whatever their issues. */
export const EVERY_FAILURE = "";

/** Longer paths are counted under their first characters. */
const MAX_PATH_CHARACTERS = 200;

/** The counted values of an error: the event once, and each of its distinct (code, path). */
export function failureValues(row: ErrorRow): unknown[] {
  const aggregates = row.issues.map(({ code, path }) => [code, failurePath(path)]);
  const different = [...new Map(aggregates.map((aggregate) => [JSON.stringify(aggregate), aggregate])).values()];
  const received = Math.floor(row.receivedAt / 1_000_000);
  const texts = [row.application ?? "", row.category ?? "", row.name ?? ""];
  return [row.id, received, ...texts, [[EVERY_FAILURE, ""], ...different], row.receivedAt];
}

/** A path as it is counted, with a limit on the length that a client can cause. */
export function failurePath(path: string): string {
  return countedPath(path).slice(0, MAX_PATH_CHARACTERS).toWellFormed();
}
