import { sql } from "drizzle-orm";
import { SQLiteSyncDialect } from "drizzle-orm/sqlite-core";
import { expect, it } from "vitest";
import { MAX_TERMS, unionStatements, unionTexts } from "../../../src/storage/core/union-all";

it("joins no more terms than D1 accepts, in order", () => {
  const terms = Array.from({ length: MAX_TERMS + 1 }, (_, n) => `SELECT ${n}`);
  expect(unionTexts(terms)).toEqual([
    "SELECT 0 UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4",
    "SELECT 5",
  ]);
  expect(unionTexts([])).toEqual([]);
});

it("keeps the parameters of joined terms in their order", () => {
  const statements = unionStatements(["a", "b", "c", "d", "e", "f"].map((text) => sql`SELECT ${text}`));
  const dialect = new SQLiteSyncDialect();
  expect(statements.map((statement) => dialect.sqlToQuery(statement).params)).toEqual([
    ["a", "b", "c", "d", "e"],
    ["f"],
  ]);
});
