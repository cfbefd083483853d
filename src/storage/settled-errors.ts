import type { Database } from "./databases";

const FIND_ERRORS = "SELECT id FROM errors WHERE id IN (SELECT value FROM json_each(?1))";

/** Those of the given errors that stand in one of the databases: one entry of an index read for each and database. */
export async function findSettledErrors(databases: Database[], ids: string[]): Promise<Set<string>> {
  const found = await Promise.all(
    databases.map(({ binding }) => binding.prepare(FIND_ERRORS).bind(JSON.stringify(ids)).all<{ id: string }>()),
  );
  return new Set(found.flatMap(({ results }) => results.map(({ id }) => id)));
}
