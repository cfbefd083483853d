import { countedPath } from "../model/issue-path";
import type { ErrorRow } from "./rows";

/**
 * Runs before the errors are inserted and counts only those that are not there yet: exact however often a batch comes.
 * ?1: [[id, received_seconds, application, category, name, [[code, path], …]], …].
 */
export const ADD_FAILURES = `
WITH fresh AS MATERIALIZED (
  SELECT value ->> 0 AS id, value ->> 1 AS received, value ->> 2 AS application, value ->> 3 AS category,
    value ->> 4 AS name, value -> 5 AS cells
  FROM json_each(?1) AS arriving
  WHERE NOT EXISTS (SELECT 1 FROM errors WHERE errors.id = arriving.value ->> 0)
),
widths (seconds) AS (VALUES (60), (3600), (86400))
INSERT INTO failures (seconds, code, bucket, application, category, name, path, events, last_error_id)
SELECT seconds, cell.value ->> 0 AS code, received / seconds * seconds AS bucket, application, category, name,
  cell.value ->> 1 AS path, count(*), max(fresh.id)
FROM fresh CROSS JOIN json_each(fresh.cells) AS cell CROSS JOIN widths
WHERE true GROUP BY seconds, cell.value ->> 0, bucket, application, category, name, cell.value ->> 1
ON CONFLICT DO UPDATE SET events = failures.events + excluded.events, last_error_id = excluded.last_error_id`;

/** The code under which failed events are counted, each once, whatever its issues are. */
export const EVERY_FAILURE = "";

/** Longer paths are counted under their beginning. */
const MAX_PATH_CHARACTERS = 200;

/** What of an error is counted: the event once, and each of its different (code, path). */
export function failureValues(row: ErrorRow): unknown[] {
  const cells = row.issues.map(({ code, path }) => [code, failurePath(path)]);
  const different = [...new Map(cells.map((cell) => [JSON.stringify(cell), cell])).values()];
  const received = Math.floor(row.receivedAt / 1_000_000);
  const texts = [row.application ?? "", row.category ?? "", row.name ?? ""];
  return [row.id, received, ...texts, [[EVERY_FAILURE, ""], ...different]];
}

/** A path as it is counted, at a length that bounds what a client can make of it. */
export function failurePath(path: string): string {
  return countedPath(path).slice(0, MAX_PATH_CHARACTERS).toWellFormed();
}
