import type { SQL } from "drizzle-orm";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import { DrizzleQueryError } from "drizzle-orm/errors";
import { SQLiteAsyncDialect } from "drizzle-orm/sqlite-core";
import type { Database } from "./databases";
import { messageOf } from "./transport-errors";

export type Reader = DrizzleD1Database;

/**
 * Reads a database through a D1 session: from the nearest replica, if there are any, and never from an older state
 * than the query before. One reader serves one request.
 */
export function readerOf({ binding }: Database): Reader {
  const session = binding.withSession("first-unconstrained");
  // Drizzle's type requires a whole D1Database, but it calls only `prepare` and `batch`, which a session has.
  return drizzle(session as unknown as D1Database);
}

const dialect = new SQLiteAsyncDialect();

/** A stale replica lacks new tables, such as those of a new partition. */
const LACKS_TABLE = /no such table/;

/**
 * Reads the results of several statements in one call, and repeats it at the primary if a replica lacks a table.
 * Drizzle's own batch accepts no plain SQL.
 *
 * @throws DrizzleQueryError, as a reader does
 */
export async function readBatch<Row>({ binding, meter }: Database, statements: readonly SQL[]): Promise<Row[][]> {
  if (statements.length === 0) return [];
  const queries = statements.map((statement) => dialect.sqlToQuery(statement));
  const results = await readAnywhere(
    binding,
    (session) => session.batch<Row>(queries.map(({ sql, params }) => session.prepare(sql).bind(...params))),
    queries[0]?.sql ?? "",
  );
  if (meter !== undefined) meter.rowsRead += results.reduce((sum, { meta }) => sum + meta.rows_read, 0);
  return results.map(({ results: rows }) => rows);
}

/**
 * Reads the rows of one statement as arrays of its columns. For many thousands of rows: objects take a third longer. D1
 * returns no number of rows read with them, so they are not metered.
 *
 * @throws DrizzleQueryError, as a reader does
 */
export function readRows<Row extends unknown[]>({ binding }: Database, statement: SQL): Promise<Row[]> {
  const { sql, params } = dialect.sqlToQuery(statement);
  return readAnywhere(
    binding,
    (session) =>
      session
        .prepare(sql)
        .bind(...params)
        .raw<Row>(),
    sql,
  );
}

/** Reads from any replica, and repeats it at the primary if a replica lacks a table. */
async function readAnywhere<Result>(
  binding: D1Database,
  read: (session: D1DatabaseSession) => Promise<Result>,
  about: string,
): Promise<Result> {
  return orQueryError(
    read(binding.withSession("first-unconstrained")).catch((thrown: unknown) => {
      if (!LACKS_TABLE.test(messageOf(thrown))) throw thrown;
      return read(binding.withSession("first-primary"));
    }),
    about,
  );
}

/** Makes a failed query throw what Drizzle throws: see http/reading.ts. */
export async function orQueryError<Result>(query: Promise<Result>, about: string): Promise<Result> {
  try {
    return await query;
  } catch (thrown) {
    throw new DrizzleQueryError(about, [], thrown instanceof Error ? thrown : new Error(String(thrown)));
  }
}
