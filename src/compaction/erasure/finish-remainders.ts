import type { Micros } from "../../model/time/time";
import { HOUR_MICROS } from "../../model/time/units";
import type { Database } from "../../storage/core/databases";
import {
  noteTooLarge,
  overwriteRemainders,
  partitionOfTable,
  readRemainders,
} from "../../storage/erasures/scrub/erased-remainders";
import { rewriteIfSmall } from "../../storage/erasures/scrub/scrub-database";

/** Transactions of one step: each writes or deletes 38 MB of zeros. A run has up to 60 steps and may make 1,000 queries. */
const TRANSACTIONS_PER_STEP = 3;

/** How often a table that was too large is counted again: at most 50,000 of its rows are read. */
export const CHECK_MICROS: Micros = HOUR_MICROS;

/**
 * Removes copies that erased rows have left in large tables, as soon as that is possible: writes late lanes and errors again that
 * have become small, and overwrites the free pages of these and of tables that were dropped.
 *
 * @returns the partition of the table, 0 for errors; null if nothing can be done now
 * @throws what D1 throws. A repeated call continues.
 */
export async function finishRemainders(databases: readonly Database[], now: Micros): Promise<number | null> {
  for (const database of databases) {
    const remainders = await readRemainders(database);
    const free = remainders.find(({ isFree }) => isFree);
    if (free !== undefined) {
      await overwriteRemainders(database, { left: TRANSACTIONS_PER_STEP });
      return partitionOfTable(free.table)?.id ?? 0;
    }
    for (const { table, checkedAt } of remainders) {
      const partition = partitionOfTable(table);
      const isShrinking = partition === null || partition.isLate;
      if (!isShrinking || checkedAt > now - CHECK_MICROS) continue;
      if (await rewriteIfSmall(database, table)) return partition?.id ?? 0;
      await noteTooLarge(database, table, now);
    }
  }
  return null;
}
