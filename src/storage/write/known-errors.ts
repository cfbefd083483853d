import type { Database } from "../core/databases";

const FIND_ERRORS = "SELECT id FROM errors WHERE id IN (SELECT value FROM json_each(?1))";

/** Those of the given errors that one of the databases holds: one index entry read for each error and database. */
export async function findKnownErrors(databases: readonly Database[], ids: readonly string[]): Promise<Set<string>> {
  const found = await Promise.all(
    databases.map(({ binding }) => binding.prepare(FIND_ERRORS).bind(JSON.stringify(ids)).all<{ id: string }>()),
  );
  return new Set(found.flatMap(({ results }) => results.map(({ id }) => id)));
}
