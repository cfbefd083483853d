import { env } from "cloudflare:workers";
import { getTableConfig, type SQLiteTable } from "drizzle-orm/sqlite-core";
import { describe, expect, it } from "vitest";
import * as tables from "../../../src/storage/core/tables";

const described = Object.values(tables).map((table: SQLiteTable) => getTableConfig(table));

async function all<Row>(sql: string): Promise<Row[]> {
  return (await env.DB.prepare(sql).all<Row>()).results;
}

interface Column {
  name: string;
  type: string;
  notnull: number;
  pk: number;
}

interface Index {
  name: string;
  unique: number;
  origin: "c" | "u" | "pk";
  partial: number;
}

const columnsOf = (table: string) => all<Column>(`PRAGMA table_info(${table})`);

/** The indexes of a table by their columns, with their options. */
async function indexesOf(table: string) {
  const indexes = await all<Index>(`PRAGMA index_list(${table})`);
  return Promise.all(
    indexes.map(async ({ name, unique, origin, partial }) => {
      const columns = await all<{ name: string }>(`PRAGMA index_info(${name})`);
      return {
        name,
        unique: unique === 1,
        origin,
        partial: partial === 1,
        columns: columns.map((column) => column.name),
      };
    }),
  );
}

it("tables.ts describes exactly the migrated tables", async () => {
  const migrated = await all<{ name: string }>(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND name <> 'd1_migrations'",
  );
  expect(described.map(({ name }) => name).sort()).toEqual(migrated.map(({ name }) => name).sort());
});

describe.each(described)("the table $name", ({ name, columns, primaryKeys, indexes, uniqueConstraints }) => {
  it("has the described columns, in their order", async () => {
    const found = await columnsOf(name);
    expect(columns.map((column) => [column.name, column.getSQLType().toUpperCase(), column.notNull])).toEqual(
      // SQLite reports an INTEGER PRIMARY KEY as nullable, although it never is.
      found.map((column) => [
        column.name,
        column.type,
        column.notnull === 1 || (column.pk === 1 && primaryKeys.length === 0),
      ]),
    );
  });

  it("has the described primary key", async () => {
    const found = (await columnsOf(name)).filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk);
    const single = columns.filter((column) => column.primary).map((column) => column.name);
    const composite = primaryKeys.flatMap((key) => key.columns.map((column) => column.name));
    expect([...single, ...composite]).toEqual(found.map((column) => column.name));
  });

  it("has the described indexes and unique constraints, and no other", async () => {
    const found = await indexesOf(name);
    const nameOf = (column: object) => ("name" in column ? column.name : "an expression");
    const expected = indexes.map(({ config }) => ({
      name: config.name,
      unique: config.unique,
      origin: "c",
      partial: config.where !== undefined,
      columns: config.columns.map(nameOf),
    }));
    const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
    expect(expected.toSorted(byName)).toEqual(found.filter(({ origin }) => origin === "c").toSorted(byName));
    const constraints = [
      ...columns.filter((column) => column.isUnique).map((column) => [column.name]),
      ...uniqueConstraints.map((constraint) => constraint.columns.map((column) => column.name)),
    ];
    expect(constraints).toEqual(found.filter(({ origin }) => origin === "u").map((index) => index.columns));
  });

  it("is STRICT, and WITHOUT ROWID unless its key is a single number", async () => {
    const [table] = await all<{ strict: number; wr: number }>(`SELECT strict, wr FROM pragma_table_list('${name}')`);
    expect(table).toEqual({ strict: 1, wr: primaryKeys.length > 0 ? 1 : 0 });
  });
});
