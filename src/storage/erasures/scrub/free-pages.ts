import { OVERFLOW_BYTES } from "./scrubbed-table";

/**
 * Overwrites the pages that a transaction has freed. SQLite writes an overflow page whole, so large values of zeros leave
 * nothing of the pages that they reuse. They are deleted after the transaction: SQLite does not write pages to the file that
 * are free again when it commits.
 *
 * - A table holds only as many values as fit into its first page, which exists before pages are freed: another page of
 *   a B-tree would have a gap that keeps old bytes.
 * - The length fills the last overflow page to its end. 489 bytes stay in the table's page, 5 of them the header.
 */
const PAGES_PER_VALUE = 464;
const VALUE_BYTES = 489 - 5 + PAGES_PER_VALUE * OVERFLOW_BYTES;
const VALUES_PER_TABLE = 7;

/**
 * The free pages are listed in trunk pages of up to 1,022 entries. SQLite takes any page of the first trunk, which may list pages
 * that were free before, so these must be used up as well.
 */
const PAGES_OF_TRUNK = 1_023;

/** The statements that overwrite free pages, for one transaction. */
export interface Filler {
  /** Run before pages are freed. */
  prepare: string[];
  /** Run after pages were freed. */
  fill: string[];
}

/**
 * @param name of the tables that it uses, which begins with `scrub_`: one for each filler of a transaction
 * @param freed the pages that are freed, at most. The file grows by what is less, once.
 */
export function fillerOf(name: string, freed: number): Filler {
  const values = Math.ceil((freed + PAGES_OF_TRUNK) / PAGES_PER_VALUE);
  const tables = Array.from({ length: Math.ceil(values / VALUES_PER_TABLE) }, (_, n) => `${name}_${n}`);
  return {
    prepare: tables.flatMap((table) => [
      `DROP TABLE IF EXISTS ${table}`,
      `CREATE TABLE ${table} (zeros BLOB NOT NULL) STRICT`,
    ]),
    fill: tables.map((table, n) => {
      const own = Math.min(VALUES_PER_TABLE, values - n * VALUES_PER_TABLE);
      return `INSERT INTO ${table} SELECT zeroblob(${VALUE_BYTES}) FROM numbers LIMIT ${own}`;
    }),
  };
}

/** Frees the pages of all fillers again, which now hold zeros. Repeating it is harmless. @throws what D1 throws */
export async function dropFillers(binding: D1Database): Promise<void> {
  const { results } = await binding
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'scrub_*'")
    .all<{ name: string }>();
  if (results.length === 0) return;
  await binding.batch(results.map(({ name }) => binding.prepare(`DROP TABLE IF EXISTS ${name}`)));
}
