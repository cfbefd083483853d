import type { Database } from "../../src/storage/core/databases";

/** What a database held at a moment: for each table how it is made, and its rows as SQL. */
type Snapshot = { name: string; sql: string; indexes: string[]; rows: string[] }[];

const TABLES = `SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'
  AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE 'd1\\_%' ESCAPE '\\'`;

/** Takes a snapshot of a database, as D1's Time Travel keeps one. */
export async function snapshotOf({ binding }: Database): Promise<Snapshot> {
  const { results: tables } = await binding.prepare(TABLES).all<{ name: string; sql: string }>();
  return Promise.all(
    tables.map(async ({ name, sql }) => {
      const { results: columns } = await binding.prepare(`PRAGMA table_info("${name}")`).all<{ name: string }>();
      const quoted = columns.map((column) => `quote("${column.name}")`).join(" || ',' || ");
      const { results: rows } = await binding.prepare(`SELECT ${quoted} AS row FROM "${name}"`).all<{ row: string }>();
      const { results: indexes } = await binding
        .prepare("SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ?1 AND sql IS NOT NULL")
        .bind(name)
        .all<{ sql: string }>();
      return { name, sql, indexes: indexes.map((index) => index.sql), rows: rows.map(({ row }) => row) };
    }),
  );
}

/** Puts a database back into the state of a snapshot: its tables as well. */
export async function restore({ binding }: Database, snapshot: Snapshot): Promise<void> {
  const { results: tables } = await binding.prepare(TABLES).all<{ name: string }>();
  const statements = [
    ...tables.map(({ name }) => `DROP TABLE "${name}"`),
    ...snapshot.flatMap(({ name, sql, indexes, rows }) => [
      sql,
      ...indexes,
      ...rows.map((row) => `INSERT INTO "${name}" VALUES (${row})`),
    ]),
  ];
  await binding.batch(statements.map((statement) => binding.prepare(statement)));
}
