import type { Micros } from "../../../model/time/time";
import type { Database } from "../../core/databases";
import { retryOutOfDate } from "../../partitions/known-partitions";
import type { Budget } from "../budget";
import { type ErasedPlaces, nextPlaces, removePlaces } from "./erased-places";
import { freeRemainder, overwriteRemainders, recordRemainder } from "./erased-remainders";
import { dropFillers } from "./free-pages";
import { raisePeak } from "./free-space";
import { readNeighbourhoods } from "./neighbourhoods";
import { rewriteRows } from "./rewrite-rows";
import { type DefinedTable, definedTable, rewriteTable } from "./rewrite-table";
import { MAX_LOCAL_BYTES, OVERFLOW_BYTES, rowBytesSql, type ScrubbedTable, scrubbedTable } from "./scrubbed-table";

/** A table that may take more is not written again as a whole: 40 MB, mostly about half of it. */
const MAX_WHOLE_PAGES = 10_000;

/** About the rows that are written for a place of a table that is not written as a whole. */
const ROWS_PER_PLACE = 2_000;

/** A table with more rows is not written again as a whole. */
const MAX_WHOLE_ROWS = 200_000;

/**
 * Removes the copies that erased rows have left. When SQLite splits a full page of a table, the rows that move to another
 * page stay readable in the unused part of the first one, where an erasure cannot overwrite them. So the pages around
 * every erased row are written again: those of the whole table if that is cheap, or else of the rows next to the place. Then
 * a few copies may remain in the table, which is recorded.
 *
 * Then the pages of dropped partitions are overwritten.
 *
 * The rows stay the same. A transaction writes pages again and removes their places, so a crash loses nothing, and two
 * callers at once do no harm.
 *
 * @param budget each transaction takes one
 * @returns false if the budget ran out first
 * @throws what D1 throws. A repeated call continues.
 */
export async function scrubDatabase(database: Database, budget: Budget, now: Micros): Promise<boolean> {
  for (;;) {
    // The table may be renamed between two calls, when its partition is sealed.
    const isDone = await retryOutOfDate(async () => {
      const found = await nextPlaces(database);
      if (found === null) {
        // A crash may have left some.
        await dropFillers(database.binding);
        return overwriteRemainders(database, budget);
      }
      if (budget.left <= 0) return false;
      budget.left -= 1;
      await scrub(database, found, now);
      await dropFillers(database.binding);
      return null;
    });
    if (isDone !== null) return isDone;
  }
}

/**
 * Writes a table again as a whole if it is small, so that no copy of an erased row remains in it.
 *
 * @param table its recorded name; see `ErasedRemainder`
 * @returns false if it is too large
 * @throws what D1 throws
 */
export async function rewriteIfSmall({ binding }: Database, table: string): Promise<boolean> {
  const defined = await definedTable(binding, namesOf(table));
  // It was dropped.
  if (defined === null) return true;
  const pages = await pagesIfSmall(binding, defined.name, scrubbedTable(table), 0);
  if (pages === null) return false;
  await rewriteWhole(binding, defined, pages, []);
  await dropFillers(binding);
  return true;
}

function namesOf(table: string): string[] {
  return [table, `${table}s`];
}

async function scrub({ binding }: Database, { table: recorded, places }: ErasedPlaces, now: Micros): Promise<void> {
  const defined = await definedTable(binding, namesOf(recorded));
  if (defined === null) {
    // The partition was dropped.
    await removePlaces(binding, recorded).run();
    return;
  }
  const { name } = defined;
  const table = scrubbedTable(recorded);
  const pages = await pagesIfSmall(binding, name, table, places.length);
  if (pages !== null) {
    await rewriteWhole(binding, defined, pages, [removePlaces(binding, recorded)]);
    return;
  }
  const found = await readNeighbourhoods(binding, { name, table }, places);
  await run(binding, [
    ...rewriteRows(binding, { name, table }, found),
    removePlaces(binding, recorded, found.places),
    recordRemainder(binding, name, now),
  ]);
}

async function rewriteWhole(
  binding: D1Database,
  defined: DefinedTable,
  pages: number,
  also: readonly D1PreparedStatement[],
): Promise<void> {
  const statements = rewriteTable(defined, pages).map((statement) => binding.prepare(statement));
  await run(binding, [...statements, ...also, ...freeRemainder(binding, defined.name)]);
}

async function run(binding: D1Database, statements: D1PreparedStatement[]): Promise<void> {
  const results = await binding.batch(statements);
  await raisePeak(binding, results.at(-1)?.meta.size_after ?? 0);
}

/** The pages that a table takes at most, if it is to be written again as a whole; otherwise null. */
async function pagesIfSmall(
  binding: D1Database,
  name: string,
  table: ScrubbedTable,
  places: number,
): Promise<number | null> {
  const most = Math.max(table.wholeRows, Math.min(MAX_WHOLE_ROWS, places * ROWS_PER_PLACE));
  const row = await binding
    .prepare(
      `SELECT count(*) AS rows, total(bytes) AS bytes, total(bytes > ${MAX_LOCAL_BYTES}) AS large
       FROM (SELECT ${rowBytesSql(table)} AS bytes FROM ${name} LIMIT ${most + 1})`,
    )
    .first<{ rows: number; bytes: number; large: number }>();
  if (row === null || row.rows > most) return null;
  // A page of a B-tree is half full on average, at least.
  const pages = (2 * (row.bytes + row.rows * table.indexBytes)) / OVERFLOW_BYTES + 2 * row.large;
  return pages > MAX_WHOLE_PAGES ? null : pages;
}
