import type { Micros } from "../../../model/time/time";
import type { Database } from "../../core/databases";
import type { Budget } from "../budget";
import { overwriteFreeSpace } from "./free-space";

/**
 * The tables in whose pages copies of erased rows may remain. A table that is scrubbed by neighbourhoods keeps a few copies in
 * pages that are higher in its B-tree. These pages become free when the table is dropped, or when it is written again as
 * a whole. The copies are gone once free pages are overwritten after that.
 */

/** A table that may hold copies. Nothing in it names what was erased. */
export interface ErasedRemainder {
  /** Its name; for the main lane of a partition the one that it has while the partition is open. */
  table: string;
  /** When erasures have scrubbed a part of it, for the first and for the last time. */
  firstAt: Micros;
  lastAt: Micros;
  /** When it was last found to be too large to be written again. */
  checkedAt: Micros;
  /** True if the pages that may hold copies are free. */
  isFree: boolean;
}

const IS_FREE = `(freed = 1 OR NOT EXISTS (
  SELECT 1 FROM sqlite_master WHERE type = 'table' AND name IN (table_name, table_name || 's')))`;

/**
 * The statement that records that copies may remain in a table, for the transaction that scrubs a part of it.
 *
 * @param table its present name
 */
export function recordRemainder(binding: D1Database, table: string, now: Micros): D1PreparedStatement {
  return binding
    .prepare(
      `INSERT INTO erased_remainders (table_name, first_at, last_at, checked_at) VALUES (?1, ?2, ?2, ?2)
       ON CONFLICT DO UPDATE SET last_at = max(last_at, excluded.last_at), freed = 0`,
    )
    .bind(recordedName(table), now);
}

/** The statements that record that a table has no copies any more, for the transaction that writes it again as a whole. */
export function freeRemainder(binding: D1Database, table: string): D1PreparedStatement[] {
  return [
    "UPDATE erased_remainders SET freed = 1 WHERE table_name = ?1",
    // Pages that the table had before it became small.
    "UPDATE free_space SET frees = frees + 1 WHERE EXISTS (SELECT 1 FROM erased_remainders WHERE table_name = ?1)",
  ].map((statement) => binding.prepare(statement).bind(recordedName(table)));
}

/** All tables of a database in which copies may remain. @throws what D1 throws */
export async function readRemainders({ binding }: Database): Promise<ErasedRemainder[]> {
  const { results } = await binding
    .prepare(
      `SELECT table_name AS "table", first_at AS firstAt, last_at AS lastAt, checked_at AS checkedAt,
         ${IS_FREE} AS isFree FROM erased_remainders ORDER BY table_name`,
    )
    .all<Omit<ErasedRemainder, "isFree"> & { isFree: number }>();
  return results.map((row) => ({ ...row, isFree: row.isFree === 1 }));
}

/** Records that a table was found to be too large to be written again. @throws what D1 throws */
export async function noteTooLarge({ binding }: Database, table: string, now: Micros): Promise<void> {
  await binding.prepare("UPDATE erased_remainders SET checked_at = ?2 WHERE table_name = ?1").bind(table, now).run();
}

/**
 * Overwrites all free pages, and then removes the records of tables whose pages were free before.
 *
 * @param budget each transaction takes one
 * @returns false if the budget ran out first
 * @throws what D1 throws. A repeated call continues, and two at once do no harm.
 */
export async function overwriteRemainders(database: Database, budget: Budget): Promise<boolean> {
  // Before the pages: a table that is dropped meanwhile is left for the next call.
  const free = (await readRemainders(database)).filter(({ isFree }) => isFree);
  if (!(await overwriteFreeSpace(database, budget))) return false;
  if (free.length === 0) return true;
  await database.binding
    // Copies may remain in the table again, since another erasure or a restore.
    .prepare(`DELETE FROM erased_remainders WHERE table_name IN (SELECT value FROM json_each(?1)) AND ${IS_FREE}`)
    .bind(JSON.stringify(free.map(({ table }) => table)))
    .run();
  return true;
}

/** The partition of a table, and whether it is its late lane; null for the tables of errors. */
export function partitionOfTable(table: string): { id: number; isLate: boolean } | null {
  const found = /^events_(\d+)(l?)$/.exec(table);
  return found === null ? null : { id: Number(found[1]), isLate: found[2] === "l" };
}

/** The table of a sealed partition is recorded under the name that it had before. */
function recordedName(table: string): string {
  return table.replace(/^(events_\d+)s$/, "$1");
}
