import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { DrizzleQueryError } from "drizzle-orm/errors";
import { describe, expect, it } from "vitest";
import { type Database, databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { orQueryError, readBatch, readerOf, readRows } from "../../../src/storage/core/reader";
import { changedDatabase, failingDatabase } from "../failing-database";

const home = firstDatabase(databasesOf(env));

/** A database whose replica fails and whose primary answers. */
function withStaleReplica(message: string): { database: Database; asked: string[] } {
  const asked: string[] = [];
  const withSession: D1Database["withSession"] = (constraint) => {
    asked.push(String(constraint));
    const session = home.binding.withSession(constraint);
    if (constraint === "first-primary") return session;
    const batch = () => Promise.reject(new Error(message));
    return Object.assign(Object.create(session), { prepare: (text: string) => session.prepare(text), batch });
  };
  return { database: changedDatabase(home, { withSession }), asked };
}

describe("readBatch", () => {
  it("returns the rows of each statement, in the given order", async () => {
    const rows = await readBatch(home, [
      sql`SELECT ${1} AS n`,
      sql`SELECT 2 AS n UNION SELECT 3`,
      sql`SELECT 4 WHERE 0`,
    ]);
    expect(rows).toEqual([[{ n: 1 }], [{ n: 2 }, { n: 3 }], []]);
  });

  it("makes no call without statements", async () => {
    expect(await readBatch(failingDatabase(home, "must not be asked"), [])).toEqual([]);
  });

  it("queries the primary if a replica lacks a table", async () => {
    const { database, asked } = withStaleReplica("D1_ERROR: no such table: events_12: SQLITE_ERROR");
    expect(await readBatch(database, [sql`SELECT 1 AS n`])).toEqual([[{ n: 1 }]]);
    expect(asked).toEqual(["first-unconstrained", "first-primary"]);
  });

  it("throws what Drizzle throws if anything else fails", async () => {
    const { database, asked } = withStaleReplica("D1_ERROR: the database is overloaded");
    await expect(readBatch(database, [sql`SELECT 1 AS n`])).rejects.toThrow(DrizzleQueryError);
    expect(asked).toEqual(["first-unconstrained"]);
  });

  it("adds the rows that it reads to the database's meter", async () => {
    const meter = { rowsRead: 0 };
    const select = sql`SELECT n FROM numbers WHERE n < 3`;
    await readBatch({ ...home, meter }, [select, select]);
    expect(meter.rowsRead).toBeGreaterThanOrEqual(6);
  });
});

describe("readRows", () => {
  it("returns the columns of each row in their order", async () => {
    expect(await readRows(home, sql`SELECT ${1}, 'two', NULL UNION ALL SELECT 3, 4, 'x'`)).toEqual([
      [1, "two", null],
      [3, 4, "x"],
    ]);
  });

  it("queries the primary if a replica lacks a table", async () => {
    const asked: string[] = [];
    const withSession: D1Database["withSession"] = (constraint) => {
      asked.push(String(constraint));
      const session = home.binding.withSession(constraint);
      if (constraint === "first-primary") return session;
      const raw = () => Promise.reject(new Error("D1_ERROR: no such table: events_12: SQLITE_ERROR"));
      return Object.assign(Object.create(session), { prepare: () => ({ bind: () => ({ raw }) }) });
    };
    expect(await readRows(changedDatabase(home, { withSession }), sql`SELECT 1`)).toEqual([[1]]);
    expect(asked).toEqual(["first-unconstrained", "first-primary"]);
  });

  it("throws what Drizzle throws if anything fails", async () => {
    await expect(readRows(home, sql`SELECT n FROM missing`)).rejects.toThrow(DrizzleQueryError);
  });
});

it("readerOf reads through a D1 session", async () => {
  expect(await readerOf(home).all(sql`SELECT ${7} AS n`)).toEqual([{ n: 7 }]);
});

it("orQueryError names the failed query and keeps its cause", async () => {
  const cause = new Error("broken");
  const failed = await orQueryError(Promise.reject(cause), "SELECT 1").catch((thrown: unknown) => thrown);
  expect(failed).toBeInstanceOf(DrizzleQueryError);
  expect(failed).toMatchObject({ query: "SELECT 1", cause });
});
