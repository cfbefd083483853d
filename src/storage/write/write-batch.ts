import { ID_CONFLICT } from "../../model/codes";
import { utf8Bytes } from "../../model/event/event";
import { errorId, fingerprint } from "../../model/event/fingerprint";
import type { Database } from "../core/databases";
import { codeBits } from "../core/error-codes";
import { packId } from "../core/packed-id";
import { messageOf } from "../core/transport-errors";
import { forgetSeries } from "../counts/series";
import { fenceStatement } from "../erasures/erasure-fence";
import { isLate, type Lane } from "../partitions/partition";
import { chunks, jsonArray, type RowText } from "./chunks";
import { ADD_FAILURES, failureValues } from "./failure-counts";
import { reportOnlyStatements } from "./report-only-counts";
import { resolveStatements } from "./resolve-errors";
import type { BatchRows, ErrorRow, EventRow, LaneRows, PartRow, Resolution, WriteResult } from "./rows";
import { hasSameContent, identityOf, storedContents } from "./stored-content";
import { forgetStoredSeries, isSeriesMissing, noteStoredSeries } from "./stored-series";
import { eventStatements } from "./write-events";

/**
 * The one write of a consumer batch into one database. Rows are sent as JSON arrays in one bound parameter for each
 * statement, because D1 allows 100 parameters and 100 KB of SQL. `WHERE true` keeps SQLite from parsing ON CONFLICT
 * as a join.
 */

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

/** The most times that a write may find that another consumer has stored one of its events since it checked. */
const MAX_ROUNDS = 4;

const EVENT_IS_STORED = /UNIQUE constraint failed: events_\w+\./;

/**
 * Writes a batch in one transaction. Idempotent: rows that exist already cost nothing and change nothing.
 *
 * Nearly always every event is new, so the first transaction assumes that: it adds the batch's own counts and
 * inserts strictly. An event that is already stored makes it fail as a whole. Then the stored events are read,
 * copies are left out, events whose identity is stored with other content become `id_conflict` errors, and the
 * others are written again.
 *
 * @param mayHold true if some of the events are probably stored, or share an identity; the stored events are then
 * read first
 * @throws what D1 throws; see core/transport-errors.ts for how to react. Nothing is written in that case.
 */
export async function writeBatch(database: Database, rows: BatchRows, mayHold = false): Promise<WriteResult> {
  let isTakenForNew = !mayHold && !rows.events.some(({ lane }) => isLate(lane));
  for (let round = 1; ; round++) {
    const { fresh, result } = isTakenForNew
      ? { fresh: rows, result: NOTHING_STORED }
      : await splitByStored(database, rows);
    const statements = statementsOf(database, fresh);
    if (statements.length === 0) return result;
    try {
      noteStoredSeries(database.binding, await database.binding.batch<Record<string, unknown>>(statements));
      return result;
    } catch (thrown) {
      const message = messageOf(thrown);
      if (round === MAX_ROUNDS) throw thrown;
      if (EVENT_IS_STORED.test(message)) isTakenForNew = false;
      else if (isSeriesMissing(message)) forgetRestored(database);
      else throw thrown;
    }
  }
}

/** The database was restored: what the isolate knows of its dimension keys, and of their numbers, is out of date. */
function forgetRestored(database: Database): void {
  forgetStoredSeries(database.binding);
  forgetSeries(database);
}

const NOTHING_STORED: WriteResult = { duplicates: [], conflicts: [] };

/** Splits a batch by what the database already holds: the rows that are left to write, and the outcome of the others. */
async function splitByStored(database: Database, rows: BatchRows): Promise<{ fresh: BatchRows; result: WriteResult }> {
  const result: WriteResult = { duplicates: [], conflicts: [] };
  const events: LaneRows[] = [];
  for (const { lane, rows: own } of rows.events) {
    const contents = await storedContents(database, lane, own);
    const fresh: EventRow[] = [];
    // Of several with the same identity, the first received is the event, unless one is stored.
    for (const row of own.toSorted((a, b) => a.receivedAt - b.receivedAt)) {
      const identity = identityOf(row);
      const content = contents.get(identity);
      if (content === undefined) {
        fresh.push(row);
        contents.set(identity, { ...row, id: packId(row.id) });
      } else if (hasSameContent(content, row)) result.duplicates.push(row);
      else result.conflicts.push(row);
    }
    if (fresh.length > 0) events.push({ lane, rows: fresh });
  }
  const conflicting = new Set(result.conflicts.flatMap(({ replays }) => replays?.id ?? []));
  const errors = [
    ...rows.errors,
    ...result.conflicts.filter(({ replays }) => replays === undefined).map((row) => conflictError(row)),
  ];
  const resolutions = (rows.resolutions ?? []).map(
    (one): Resolution =>
      conflicting.has(one.error.id) ? { ...one, outcome: { kind: "failing", issues: [ID_CONFLICT] } } : one,
  );
  return { fresh: { ...rows, events, errors, resolutions }, result };
}

/** The error of an event whose identity another event already has. */
export function conflictError(row: EventRow): ErrorRow {
  const { session, id, application, category, name, receivedAt, sent } = row;
  return {
    ...{ id: errorId(session, id, fingerprint(JSON.parse(sent))), receivedAt, application, session, category, name },
    ...{ eventId: id, issues: [ID_CONFLICT], content: sent, parts: 0 },
  };
}

/** The statements that write errors with their counts. Existing errors cost nothing and do not change. */
export function errorStatements({ binding }: Database, errors: readonly ErrorRow[]): D1PreparedStatement[] {
  return [...chunks(unique([...errors], (row) => row.id).map(errorText))].flatMap((chunk) => [
    binding.prepare(ADD_FAILURES).bind(JSON.stringify(chunk.map(({ row }) => failureValues(row)))),
    binding.prepare(INSERT_ERRORS).bind(jsonArray(chunk.map(({ text }) => text))),
  ]);
}

function statementsOf(database: Database, rows: BatchRows): D1PreparedStatement[] {
  const { binding } = database;
  const statements = rowStatements(database, rows);
  return statements.length === 0 || rows.erasures === undefined
    ? statements
    : [fenceStatement(binding, rows.erasures), ...statements];
}

function rowStatements(database: Database, rows: BatchRows): D1PreparedStatement[] {
  const { binding } = database;
  const statements = rows.events.flatMap(({ lane, rows: own }) => laneStatements(binding, lane, own));
  statements.push(...errorStatements(database, rows.errors));
  const parts = unique(rows.parts, ({ errorId: id, part }) => `${id} ${part}`);
  for (const chunk of chunks(parts.map(partText))) {
    statements.push(binding.prepare(INSERT_PARTS).bind(jsonArray(chunk.map(({ text }) => text))));
  }
  statements.push(...resolveStatements(binding, rows.resolutions ?? []));
  return statements;
}

function laneStatements(binding: D1Database, lane: Lane, rows: EventRow[]): D1PreparedStatement[] {
  return [...eventStatements(binding, lane, rows), ...reportOnlyStatements(binding, rows)];
}

function unique<Row>(rows: Row[], identity: (row: Row) => string): Row[] {
  return [...new Map(rows.map((row) => [identity(row), row])).values()];
}

function errorText(row: ErrorRow): RowText & { row: ErrorRow; text: string } {
  const { id, receivedAt, application, session, category, name, eventId, issues, content, parts } = row;
  const texts = [application, session, category, name, eventId, JSON.stringify(issues), content];
  const text = JSON.stringify([id, receivedAt, ...texts, parts, codeBits(issues)]);
  return { row, text, bytes: utf8Bytes(text) + 1 };
}

function partText({ errorId: id, part, content }: PartRow): RowText & { text: string } {
  const text = JSON.stringify([id, part, content]);
  return { text, bytes: utf8Bytes(text) + 1 };
}
