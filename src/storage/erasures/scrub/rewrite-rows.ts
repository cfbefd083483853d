import { fillerOf } from "./free-pages";
import type { Neighbourhoods } from "./neighbourhoods";
import type { ScrubbedTable } from "./scrubbed-table";

/**
 * Rows are inserted in short runs, the last run first. In the order of the key, the first row after a neighbourhood would
 * move on from page to page and leave a copy in each of them, too far away to be found when that row is erased later.
 */
const ROWS_PER_RUN = 20;

/**
 * The statements that write neighbourhoods of a table again, for one transaction. Their pages become free and are
 * overwritten before the rows are inserted again. Each row is written three times, and its entries in indexes twice.
 *
 * @param name the table's present name
 */
export function rewriteRows(
  binding: D1Database,
  { name, table }: { name: string; table: ScrubbedTable },
  { ranges, pages }: Neighbourhoods,
): D1PreparedStatement[] {
  const columns = table.key.slice(0, table.placed);
  const own = `(${columns.map((column) => `t.${column}`).join(", ")})`;
  const end = (n: number) => `(${columns.map((_, place) => `r.value ->> '$[${n}][${place}]'`).join(", ")})`;
  const key = table.key.join(", ");
  const old = fillerOf("scrub_old", pages);
  // The copies of the rows are overwritten, too: their sessions may be erased later.
  const staged = fillerOf("scrub_staged_pages", pages);
  const stage = binding
    .prepare(
      `INSERT INTO scrub_staged SELECT t.* FROM json_each(?1) AS r CROSS JOIN ${name} AS t
       WHERE ${own} >= ${end(0)} AND ${own} <= ${end(1)} ORDER BY r.key, ${table.key.map((column) => `t.${column}`).join(", ")}`,
    )
    .bind(JSON.stringify(ranges.map(({ from, to }) => [from, to])));
  const prepared = (statements: readonly string[]) => statements.map((statement) => binding.prepare(statement));
  return [
    // With the table's columns, and their values unchanged: columns of a table made from a query convert nothing.
    ...prepared([`CREATE TABLE scrub_staged AS SELECT * FROM ${name} LIMIT 0`, ...old.prepare, ...staged.prepare]),
    stage,
    ...prepared([
      `DELETE FROM ${name} WHERE (${key}) IN (SELECT ${key} FROM scrub_staged)`,
      ...old.fill,
      // Sorts the places alone. With LIMIT the order of the inner query is kept.
      `INSERT INTO ${name} SELECT t.* FROM (
         SELECT rowid AS place FROM scrub_staged ORDER BY rowid / ${ROWS_PER_RUN} DESC, rowid LIMIT -1
       ) AS run CROSS JOIN scrub_staged AS t WHERE t.rowid = run.place`,
      "DROP TABLE scrub_staged",
      ...staged.fill,
    ]),
  ];
}
