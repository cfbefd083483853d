import { utf8Bytes } from "../model/event";
import { MAX_STATEMENT_BYTES } from "../model/limits";
import { IS_NEW } from "./event-chunk";
import { packId, storedIdSql } from "./packed-id";
import type { EventRow } from "./rows";

/**
 * Counts what schemas in shadow would have rejected.
 *
 * ?1: [[occurred_at, received_after, packed session, sequence, category, name, version, path, session, received_at], …].
 * Like the counts of events it runs before they are inserted and counts only those that are not there yet.
 */
const ADD_SHADOW_FAILURES = `
WITH arriving AS (
  SELECT value ->> 0 AS occurred_at, value ->> 1 AS received_after, ${storedIdSql("value ->> 2")} AS session_id,
    value ->> 3 AS sequence, value ->> 4 AS category, value ->> 5 AS name, value ->> 6 AS version, value ->> 7 AS path,
    value ->> 8 AS session, value ->> 9 AS received_at
  FROM json_each(?1)
),
fresh AS MATERIALIZED (
  SELECT * FROM arriving WHERE ${IS_NEW}
),
widths (seconds) AS (VALUES (60), (3600), (86400))
INSERT INTO shadow_failures
  (seconds, category, name, version, bucket, path, events, sample_session, sample_sequence)
SELECT seconds, category, name, version, received_at / 1000000 / seconds * seconds AS start, path, count(*), session,
  min(sequence)
FROM fresh CROSS JOIN widths
WHERE true GROUP BY seconds, category, name, version, start, path
ON CONFLICT DO UPDATE SET events = shadow_failures.events + excluded.events`;

/** The statements that count a batch's events, to run before those that insert them. Few batches need any. */
export function shadowStatements(binding: D1Database, events: readonly EventRow[]): D1PreparedStatement[] {
  const lists: string[][] = [];
  let room = 0;
  for (const value of events.flatMap(valuesOf)) {
    const text = JSON.stringify(value);
    const bytes = utf8Bytes(text) + 1;
    if (bytes > room) {
      lists.push([]);
      room = MAX_STATEMENT_BYTES;
    }
    lists.at(-1)?.push(text);
    room -= bytes;
  }
  return lists.map((list) => binding.prepare(ADD_SHADOW_FAILURES).bind(`[${list.join(",")}]`));
}

/** The path "" counts the event itself. */
function valuesOf({ shadow, occurredAt, receivedAt, session, sequence, category, name }: EventRow): unknown[][] {
  if (shadow === undefined) return [];
  return ["", ...shadow.paths].map((path) => [
    ...[occurredAt, receivedAt - occurredAt, packId(session), sequence],
    ...[category, name, shadow.version, path, session, receivedAt],
  ]);
}
