import { getTableName, isTable } from "drizzle-orm";
import type { Database } from "./databases";
import * as schema from "./tables";

const EXPECTED = Object.values(schema).flatMap((one) => (isTable(one) ? [getTableName(one)] : []));

/**
 * The tables of the migrations that a database lacks: all of them if it was bound but not migrated, the newest if an
 * upgrade skipped it. Reads one row of the schema for each.
 *
 * @throws what D1 throws
 */
export async function missingTables({ binding }: Database): Promise<string[]> {
  const { results } = await binding
    .prepare(
      `SELECT value AS name FROM json_each(?1)
       WHERE NOT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND sqlite_master.name = value)`,
    )
    .bind(JSON.stringify(EXPECTED))
    .all<{ name: string }>();
  return results.map(({ name }) => name);
}
