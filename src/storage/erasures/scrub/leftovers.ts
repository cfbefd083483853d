import type { Database } from "../../core/databases";
import { type Place, recordPlaces } from "./erased-places";
import { recordFrees, recordPeak } from "./free-space";
import { scrubbedTable } from "./scrubbed-table";

/**
 * The statements that record that rows were deleted without being overwritten, or that they may have left copies, for the
 * transaction that deletes them. The next erasure then writes the table again, which is small after that, and overwrites
 * free pages. Three rows are written, however many are deleted.
 *
 * @throws what D1 throws: it also records the size of the database, before it becomes smaller
 */
export async function leftoverStatements(
  database: Database,
  tables: readonly string[],
): Promise<D1PreparedStatement[]> {
  await recordPeak(database);
  const { binding } = database;
  return [...tables.map((table) => recordPlaces(binding, table, [firstPlace(table)])), recordFrees(binding)];
}

function firstPlace(table: string): Place {
  const { key, placed } = scrubbedTable(table);
  return key.slice(0, placed).map((column) => (column === "id" ? "" : 0));
}
