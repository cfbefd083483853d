import { utf8Bytes } from "../../model/event/event";
import { chunks, jsonArray } from "./chunks";
import type { EventRow } from "./rows";

/**
 * Counts what report-only schemas would have rejected, for events that are not stored yet.
 *
 * ?1: [[category, name, version, path, session, event id, received_at], …].
 */
const ADD_REPORT_ONLY_FAILURES = `
WITH fresh AS (
  SELECT value ->> 0 AS category, value ->> 1 AS name, value ->> 2 AS version, value ->> 3 AS path,
    value ->> 4 AS session, value ->> 5 AS event, value ->> 6 AS received_at
  FROM json_each(?1)
),
widths (seconds) AS (VALUES (60), (3600), (86400))
INSERT INTO report_only_failures (seconds, category, name, version, bucket, path, events, sample_session, sample_event)
SELECT seconds, category, name, version, received_at / 1000000 / seconds * seconds AS start, path, count(*), session, event
FROM fresh CROSS JOIN widths
WHERE true GROUP BY seconds, category, name, version, start, path
ON CONFLICT DO UPDATE SET events = report_only_failures.events + excluded.events`;

/** The statements that count a batch's events, for the transaction that inserts them. Few batches need any. */
export function reportOnlyStatements(binding: D1Database, events: readonly EventRow[]): D1PreparedStatement[] {
  const texts = events.flatMap(valuesOf).map((value) => {
    const text = JSON.stringify(value);
    return { text, bytes: utf8Bytes(text) + 1 };
  });
  return [...chunks(texts)].map((chunk) =>
    binding.prepare(ADD_REPORT_ONLY_FAILURES).bind(jsonArray(chunk.map(({ text }) => text))),
  );
}

/** The path "" counts the event itself. */
function valuesOf({ shadow, receivedAt, session, id, category, name }: EventRow): unknown[][] {
  if (shadow === undefined) return [];
  return ["", ...shadow.paths].map((path) => [category, name, shadow.version, path, session, id, receivedAt]);
}
