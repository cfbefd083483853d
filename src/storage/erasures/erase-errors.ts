import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import type { ErrorKey } from "../errors/error-key";
import type { Budget } from "./budget";
import { fillerSql } from "./filler";
import { recordPlaces } from "./scrub/erased-places";
import { leftoverStatements } from "./scrub/leftovers";

/** Errors that one transaction erases: at most about 13 MB of contents. */
const ERRORS_PER_TRANSACTION = 100;

/** Errors whose contents one query examines. */
const ERRORS_PER_SCAN = 1_000;

const OVERWRITTEN = ["issues", "content", "event_id", "resolved_event_id", "replay_id"];

/** ?1: the session. ?2: only errors received before this time. Each condition has its own index. */
const OF_SESSION = `
SELECT received_at AS "receivedAt", id FROM errors INDEXED BY errors_by_session
WHERE session_id = ?1 AND received_at < ?2
UNION
SELECT received_at, id FROM errors INDEXED BY errors_by_resolved_session
WHERE resolved_session = ?1 AND resolved_session IS NOT NULL AND received_at < ?2
LIMIT ${ERRORS_PER_TRANSACTION}`;

/**
 * Erases the errors of a session in all databases, including those that a replay resolved into it. A repeat
 * continues where the failed call stopped.
 *
 * @throws what D1 throws
 */
export async function eraseSessionErrors(
  databases: readonly Database[],
  { session, before }: { session: string; before: Micros },
  budget: Budget,
): Promise<{ errors: number; isDone: boolean }> {
  let errors = 0;
  for (const database of databases) {
    for (;;) {
      const { results } = await database.binding.prepare(OF_SESSION).bind(session, before).all<ErrorKey>();
      if (results.length > 0) {
        if (budget.left <= 0) return { errors, isDone: false };
        budget.left -= 1;
        await eraseErrors(database, results);
      }
      errors += results.length;
      if (results.length < ERRORS_PER_TRANSACTION) break;
    }
  }
  return { errors, isDone: true };
}

/** Erases errors by their ids. @returns how many existed */
export async function eraseErrorsById(databases: readonly Database[], ids: readonly string[]): Promise<number> {
  let errors = 0;
  for (const database of databases) {
    const { results } = await database.binding
      .prepare('SELECT received_at AS "receivedAt", id FROM errors WHERE id IN (SELECT value FROM json_each(?1))')
      .bind(JSON.stringify(ids))
      .all<ErrorKey>();
    if (results.length > 0) await eraseErrors(database, results);
    errors += results.length;
  }
  return errors;
}

/** Where a scan over the errors continues. */
export interface ErrorPlace {
  database: number;
  after: ErrorKey | null;
}

/**
 * The next errors, marked if their content names a visitor. No index covers visitors, so all errors are examined. ?1
 * and ?2: where the scan continues. ?3: the visitor. ?4: the visitor as JSON text, for content that SQLite's JSON
 * functions reject.
 */
const OF_VISITOR = `
SELECT received_at AS "receivedAt", id, CASE
    WHEN text IS NULL THEN 0
    WHEN json_valid(text) THEN coalesce(text ->> '$.visitor_id' = ?3, 0)
    ELSE instr(text, ?4) > 0
  END AS "isOfVisitor"
FROM (
  SELECT received_at, id, iif(parts = 0, content, (
    SELECT group_concat(content, '') FROM (SELECT content FROM error_parts AS p WHERE p.id = errors.id ORDER BY part)
  )) AS text
  FROM errors WHERE (received_at, id) > (?1, ?2) AND received_at < ?5
  ORDER BY received_at, id LIMIT ${ERRORS_PER_SCAN}
)`;

/**
 * Erases the errors that name a visitor, starting at a given place.
 *
 * @returns the place where the next scan starts, or null if all errors were examined
 */
export async function eraseVisitorErrors(
  databases: readonly Database[],
  { visitor, before }: { visitor: string; before: Micros },
  place: ErrorPlace,
  budget: Budget,
): Promise<{ errors: number; next: ErrorPlace | null }> {
  let errors = 0;
  let { database: index, after } = place;
  for (;;) {
    const database = databases[index];
    if (database === undefined) return { errors, next: null };
    if (budget.left <= 0) return { errors, next: { database: index, after } };
    budget.left -= 1;
    const { results } = await database.binding
      .prepare(OF_VISITOR)
      .bind(after?.receivedAt ?? -1, after?.id ?? "", visitor, JSON.stringify(visitor), before)
      .all<ErrorKey & { isOfVisitor: number }>();
    const own = results.filter(({ isOfVisitor }) => isOfVisitor === 1);
    for (let n = 0; n < own.length; n += ERRORS_PER_TRANSACTION) {
      await eraseErrors(database, own.slice(n, n + ERRORS_PER_TRANSACTION));
    }
    errors += own.length;
    const last = results.at(-1);
    if (results.length < ERRORS_PER_SCAN || last === undefined) {
      index += 1;
      after = null;
    } else after = { receivedAt: last.receivedAt, id: last.id };
  }
}

/**
 * Erases errors with their pieces, and records their places for `scrubDatabase`.
 *
 * @throws what D1 throws
 */
export async function eraseErrors({ binding }: Database, keys: readonly ErrorKey[]): Promise<void> {
  const ids = JSON.stringify(keys.map(({ id }) => id));
  await binding.batch([
    binding.prepare(RECORD_PARTS).bind(ids),
    ...removal(binding, keys),
    recordPlaces(
      binding,
      "errors",
      keys.map(({ receivedAt }) => [receivedAt]),
    ),
  ]);
}

/** ?1: ids of errors. The beginning of an id names nothing by itself. */
const RECORD_PARTS = `
INSERT INTO erased_places (table_name, place)
SELECT DISTINCT 'error_parts', json_array(substr(id, 1, 8)) FROM error_parts
WHERE id IN (SELECT value FROM json_each(?1)) ON CONFLICT DO NOTHING`;

/**
 * Overwrites errors and deletes them, with their pieces, where they are not needed any more.
 *
 * @throws what D1 throws
 */
export async function removeErrors(database: Database, keys: readonly ErrorKey[]): Promise<void> {
  const { binding } = database;
  const leftovers = await leftoverStatements(database, ["errors", "error_parts"]);
  await binding.batch([...removal(binding, keys), ...leftovers]);
}

/** ?1: [[received_at, id], …]. */
function removal(binding: D1Database, keys: readonly ErrorKey[]): D1PreparedStatement[] {
  const asked = JSON.stringify(keys.map(({ receivedAt, id }) => [receivedAt, id]));
  const isPart = "id IN (SELECT value ->> 1 FROM json_each(?1))";
  const isError = "(received_at, id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1))";
  const overwritten = OVERWRITTEN.map((column) => `${column} = ${fillerSql(column)}`).join(", ");
  return [
    `UPDATE error_parts SET content = ${fillerSql("content")} WHERE ${isPart}`,
    `DELETE FROM error_parts WHERE ${isPart}`,
    `UPDATE errors SET ${overwritten} WHERE ${isError}`,
    `DELETE FROM errors WHERE ${isError}`,
  ].map((statement) => binding.prepare(statement).bind(asked));
}
