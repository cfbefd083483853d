import { utf8Bytes } from "../model/event";
import { MAX_STATEMENT_BYTES } from "../model/limits";
import { ADD_ALL_COUNTS, ADD_NEW_COUNTS, ADD_SERIES_MINUTES } from "./add-counts";
import type { Database } from "./databases";
import { codeBits } from "./error-codes";
import { CHUNK_SERIES, EVENT_KEYS } from "./event-chunk";
import { ADD_FAILURES, failureValues } from "./failure-counts";
import { packId, storedIdSql } from "./packed-id";
import type { BatchRows, ErrorRow, EventRow, PartRow } from "./rows";
import { settleStatements } from "./settle-errors";
import { shadowStatements } from "./shadow-counts";
import { messageOf } from "./transport-errors";

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

const INSERT_EVENTS = `
WITH ${CHUNK_SERIES},
arriving AS (
  SELECT ${EVENT_KEYS}, value ->> 5 AS opens, ${storedIdSql("value ->> 6")} AS id, value ->> 7 AS data FROM json_each(?1)
)
INSERT INTO events (occurred_at, received_after, session_id, sequence, category_id, series_id, opens, id, data)
SELECT occurred_at, received_after, session_id, sequence, category_id, series_id, opens, id, data
FROM arriving CROSS JOIN chunk_series USING (place) WHERE true`;

const INSERT_NEW_EVENTS = `${INSERT_EVENTS} ON CONFLICT DO NOTHING`;

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
 * Nearly always every event is new, and then the Worker's sums are what is to be counted: D1 need not look each event up
 * before it inserts it. An event that is stored already makes that transaction fail as a whole, and the one that looks comes
 * after it.
 *
 * @throws what D1 throws; see transport-errors.ts for what to do then. Nothing is written in that case.
 */
export async function writeBatch(database: Database, rows: BatchRows): Promise<void> {
  const { binding } = database;
  if (rows.events.length > 0 && !rows.events.some(({ isRepeat }) => isRepeat)) {
    try {
      await binding.batch(statementsOf(database, rows, { allNew: true }));
      return;
    } catch (thrown) {
      if (!EVENT_IS_STORED.test(messageOf(thrown))) throw thrown;
    }
  }
  const statements = statementsOf(database, rows, { allNew: false });
  if (statements.length > 0) await binding.batch(statements);
}

const EVENT_IS_STORED = /UNIQUE constraint failed: events\./;

/** @param allNew true to count and insert as if no event were stored yet, and to fail where one is */
function statementsOf(database: Database, rows: BatchRows, { allNew }: { allNew: boolean }): D1PreparedStatement[] {
  const { binding } = database;
  const events = unique(rows.events, eventIdentity);
  const statements = shadowStatements(binding, events);
  for (const chunk of chunks(events, eventText)) {
    const { keys, values, minutes, series } = joinEvents(chunk);
    statements.push(
      binding.prepare(INSERT_CATEGORIES).bind(series),
      binding.prepare(INSERT_SERIES).bind(series),
      allNew
        ? binding.prepare(ADD_ALL_COUNTS).bind(minutes, series)
        : binding.prepare(ADD_NEW_COUNTS).bind(keys(), series),
      binding.prepare(ADD_SERIES_MINUTES).bind(minutes, series),
      binding.prepare(allNew ? INSERT_EVENTS : INSERT_NEW_EVENTS).bind(values, series),
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
  return statements;
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
  /** The start of the minute in which it occurred, in seconds since 1970. */
  minute: number;
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
  const minute = Math.floor(occurredAt / 60_000_000) * 60;
  return { minute, key, series, rest, bytes: utf8Bytes(key) + utf8Bytes(rest) + utf8Bytes(series) };
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

/**
 * The parameters of a chunk of events: their keys and their values, each with its series' place in the list of series, and
 * how many events each of these has in each minute. Series by series: inserted in this order, events fill the pages of their
 * B-trees better than in the order of time, 225 bytes an event instead of 230.
 */
function joinEvents(chunk: EventText[]): { keys: () => string; values: string; minutes: string; series: string } {
  const bySeries = [...Map.groupBy(chunk, ({ series }) => series)];
  const events = bySeries.flatMap(([, own], place) => own.map((event) => ({ ...event, place })));
  const byMinute = Map.groupBy(events, ({ place, minute }) => `${place},${minute}`);
  return {
    keys: () => joinTexts(events.map(({ key, place }) => `${key},${place}]`)),
    values: joinTexts(events.map(({ key, place, rest }) => `${key},${place},${rest}`)),
    minutes: joinTexts([...byMinute].map(([cell, own]) => `[${cell},${own.length}]`)),
    series: joinTexts(bySeries.map(([series]) => series)),
  };
}
