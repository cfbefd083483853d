import { utf8Bytes } from "../model/event";
import { MAX_STATEMENT_BYTES } from "../model/limits";
import type { Database } from "./databases";
import { codeBits } from "./error-codes";
import { ADD_FAILURES, failureValues } from "./failure-counts";
import { packId, storedIdSql } from "./packed-id";
import type { BatchRows, ErrorRow, EventRow, PartRow } from "./rows";
import { enlistStatements } from "./session-clean-ups";
import { settleStatements } from "./settle-errors";
import { shadowStatements } from "./shadow-counts";

/**
 * The one write of a consumer batch into one database. Rows travel as JSON arrays in one bound parameter a statement,
 * since D1 takes 100 parameters a query and 100 KB of SQL. `WHERE true` keeps SQLite from reading ON CONFLICT as a join.
 */

/** ?1: [[category, name, application], …]. Numbers the series of a chunk that are new to this database. */
const INSERT_CATEGORIES = `
INSERT INTO categories (category)
SELECT DISTINCT value ->> 0 FROM json_each(?1) WHERE true
ON CONFLICT DO NOTHING`;

const INSERT_SERIES = `
INSERT INTO series (category_id, name, application)
SELECT category_id, value ->> 1, value ->> 2 FROM json_each(?1) JOIN categories ON category = value ->> 0 WHERE true
ON CONFLICT DO NOTHING`;

/** The series of a chunk by their place in ?2, which is how its events name them. */
const CHUNK_SERIES = `
chunk_series AS MATERIALIZED (
  SELECT key AS place, category_id, series_id
  FROM json_each(?2) JOIN categories ON category = value ->> 0
  JOIN series USING (category_id)
  WHERE series.name = value ->> 1 AND series.application = value ->> 2
)`;

/** ?1: [[occurred_at, received_after, session_id, sequence, series, …], …]. */
const KEYS = `
  value ->> 0 AS occurred_at, value ->> 1 AS received_after, ${storedIdSql("value ->> 2")} AS session_id,
  value ->> 3 AS sequence, value ->> 4 AS place`;

/**
 * Runs before the events are inserted and counts only those that are not there yet: exact however often a batch comes.
 */
const ADD_COUNTS = `
WITH ${CHUNK_SERIES},
arriving AS (SELECT ${KEYS} FROM json_each(?1)),
fresh AS MATERIALIZED (
  SELECT occurred_at, place FROM arriving
  WHERE NOT EXISTS (
    SELECT 1 FROM events
    WHERE events.occurred_at = arriving.occurred_at AND events.received_after = arriving.received_after
      AND events.session_id = arriving.session_id AND events.sequence = arriving.sequence
  )
),
widths (seconds) AS (VALUES (60), (3600), (86400))
INSERT INTO counts (seconds, series_id, bucket, events)
SELECT seconds, series_id, occurred_at / 1000000 / seconds * seconds AS bucket, count(*)
FROM fresh JOIN chunk_series USING (place) CROSS JOIN widths
WHERE true GROUP BY seconds, series_id, bucket
ON CONFLICT DO UPDATE SET events = counts.events + excluded.events`;

const INSERT_EVENTS = `
WITH ${CHUNK_SERIES},
arriving AS (
  SELECT ${KEYS}, value ->> 5 AS opens, ${storedIdSql("value ->> 6")} AS id, value ->> 7 AS data FROM json_each(?1)
)
INSERT INTO events (occurred_at, received_after, session_id, sequence, category_id, series_id, opens, id, data)
SELECT occurred_at, received_after, session_id, sequence, category_id, series_id, opens, id, data
FROM arriving JOIN chunk_series USING (place) WHERE true
ON CONFLICT DO NOTHING`;

/** ?1: [[id, received_at, application, session_id, category, name, event_id, issues, content, parts, codes], …]. */
const INSERT_ERRORS = `
INSERT INTO errors (id, received_at, application, session_id, category, name, event_id, issues, content, parts, codes)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
  value ->> 8, value ->> 9, value ->> 10
FROM json_each(?1) WHERE true
ON CONFLICT DO NOTHING`;

/** ?1: [[id, part, content], …]. */
const INSERT_PARTS = `
INSERT INTO error_parts (id, part, content)
SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1) WHERE true
ON CONFLICT DO NOTHING`;

/**
 * Writes a batch in one transaction. Idempotent: rows that are there already cost nothing and change nothing.
 *
 * @throws what D1 throws; see transport-errors.ts for what to do then. Nothing is written in that case.
 */
export async function writeBatch(database: Database, rows: BatchRows): Promise<void> {
  const { binding } = database;
  const events = unique(rows.events, eventIdentity);
  // All rows, not the unique ones: of two rows of one event only one may carry the mark.
  const statements = enlistStatements(binding, rows.events, rows.errors);
  statements.push(...shadowStatements(binding, events));
  for (const chunk of chunks(events, eventText)) {
    const { keys, values, series } = joinEvents(chunk);
    statements.push(
      binding.prepare(INSERT_CATEGORIES).bind(series),
      binding.prepare(INSERT_SERIES).bind(series),
      binding.prepare(ADD_COUNTS).bind(keys, series),
      binding.prepare(INSERT_EVENTS).bind(values, series),
    );
  }
  for (const chunk of chunks(
    unique(rows.errors, (row) => row.id),
    errorText,
  )) {
    statements.push(
      binding.prepare(ADD_FAILURES).bind(JSON.stringify(chunk.map(({ row }) => failureValues(row)))),
      binding.prepare(INSERT_ERRORS).bind(joinTexts(chunk.map((error) => error.text))),
    );
  }
  const partIdentity = (part: { errorId: string; part: number }) => `${part.errorId} ${part.part}`;
  for (const chunk of chunks(unique(rows.parts, partIdentity), partText)) {
    statements.push(binding.prepare(INSERT_PARTS).bind(joinTexts(chunk.map((part) => part.text))));
  }
  statements.push(...settleStatements(database, rows.settlements ?? []));
  if (statements.length > 0) await binding.batch(statements);
}

function eventIdentity(row: EventRow): string {
  return `${row.sequence} ${row.session}`;
}

function unique<Row>(rows: Row[], identity: (row: Row) => string): Row[] {
  return [...new Map(rows.map((row) => [identity(row), row])).values()];
}

/** A row's JSON, made once: it is measured, and then joined with its neighbours'. */
interface RowText {
  bytes: number;
}

/** An event's JSON on both sides of the number of its series, which is known only within a chunk. */
interface EventText extends RowText {
  key: string;
  series: string;
  rest: string;
}

function eventText(row: EventRow): EventText {
  const { occurredAt, receivedAt, session, sequence, category, name, application, opens, id, data } = row;
  const key = JSON.stringify([occurredAt, receivedAt - occurredAt, packId(session), sequence]).slice(0, -1);
  const rest = JSON.stringify([opens ? 1 : 0, packId(id), data]).slice(1);
  const series = JSON.stringify([category, name, application]);
  // The series' own text counts as if no other event shared it: its number takes less.
  return { key, series, rest, bytes: utf8Bytes(key) + utf8Bytes(rest) + utf8Bytes(series) };
}

function errorText(row: ErrorRow): RowText & { row: ErrorRow; text: string } {
  const { id, receivedAt, application, session, category, name, eventId, issues, content, parts } = row;
  const texts = [application, session, category, name, eventId, JSON.stringify(issues), content];
  const text = JSON.stringify([id, receivedAt, ...texts, parts, codeBits(issues)]);
  return { row, text, bytes: utf8Bytes(text) + 1 };
}

function partText({ errorId, part, content }: PartRow): RowText & { text: string } {
  const text = JSON.stringify([errorId, part, content]);
  return { text, bytes: utf8Bytes(text) + 1 };
}

function joinTexts(texts: string[]): string {
  return `[${texts.join(",")}]`;
}

/** Cuts rows into chunks whose JSON stays below what one bound parameter may hold. */
function* chunks<Row, Text extends RowText>(rows: Row[], toText: (row: Row) => Text): Generator<Text[]> {
  let chunk: Text[] = [];
  let bytes = 0;
  for (const row of rows) {
    const text = toText(row);
    if (chunk.length > 0 && bytes + text.bytes > MAX_STATEMENT_BYTES) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(text);
    bytes += text.bytes;
  }
  if (chunk.length > 0) yield chunk;
}

/** The parameters of a chunk of events: their keys and their values, each with its series' place in the list of series. */
function joinEvents(chunk: EventText[]): { keys: string; values: string; series: string } {
  const places = new Map<string, number>();
  const keys: string[] = [];
  const values: string[] = [];
  for (const { key, series, rest } of chunk) {
    const place = places.get(series) ?? places.size;
    places.set(series, place);
    keys.push(`${key},${place}]`);
    values.push(`${key},${place},${rest}`);
  }
  return { keys: joinTexts(keys), values: joinTexts(values), series: joinTexts([...places.keys()]) };
}
