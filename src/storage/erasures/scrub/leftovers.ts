import { recordPlaces } from "./erased-places";
import { recordFrees } from "./free-space";
import { scrubbedTable } from "./scrubbed-table";

/**
 * The statements that record that rows were deleted without being overwritten, or that they may have left copies, for the
 * transaction that deletes them. The next erasure then writes the table again, which is small after that, and overwrites
 * free pages. Two rows are written, however many were deleted.
 */
export function leftoverStatements(binding: D1Database, table: string): D1PreparedStatement[] {
  const start = scrubbedTable(table).key.slice(0, scrubbedTable(table).placed);
  return [recordPlaces(binding, table, [start.map((column) => (column === "id" ? "" : 0))]), recordFrees(binding)];
}
