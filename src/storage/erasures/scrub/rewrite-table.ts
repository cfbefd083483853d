import { fillerOf } from "./free-pages";

/** A table as the database defines it. */
export interface DefinedTable {
  /** Its present name. */
  name: string;
  /** The SQL that creates it, and its indexes. */
  sql: string;
  indexes: string[];
}

/** Reads the definition of a table under the first of its names that exists; null if none does. @throws what D1 throws */
export async function definedTable(binding: D1Database, names: readonly string[]): Promise<DefinedTable | null> {
  const { results } = await binding
    .prepare(
      `SELECT type, tbl_name AS name, sql FROM sqlite_master
       WHERE tbl_name IN (SELECT value FROM json_each(?1)) AND sql IS NOT NULL ORDER BY name`,
    )
    .bind(JSON.stringify(names))
    .all<{ type: string; name: string; sql: string }>();
  for (const name of names) {
    const own = results.filter((one) => one.name === name);
    const table = own.find(({ type }) => type === "table");
    if (table === undefined) continue;
    return { name, sql: table.sql, indexes: own.filter(({ type }) => type === "index").map(({ sql }) => sql) };
  }
  return null;
}

/**
 * The statements that write a table again as a whole, for one transaction: a copy takes its place, and the pages that it
 * had are overwritten. Each row and each of its entries in indexes is written once.
 *
 * @param pages the pages that the table and its indexes take at most
 */
export function rewriteTable({ name, sql, indexes }: DefinedTable, pages: number): string[] {
  const filler = fillerOf("scrub_old", pages);
  return [
    ...filler.prepare,
    `CREATE TABLE scrub_copy ${sql.slice(sql.indexOf("("))}`,
    `INSERT INTO scrub_copy SELECT * FROM ${name}`,
    `DROP TABLE ${name}`,
    `ALTER TABLE scrub_copy RENAME TO ${name}`,
    ...filler.fill,
    // After the pages were overwritten, or the indexes would take some of them as they are.
    ...indexes,
  ];
}
