import { firstDatabase } from "../../../storage/core/databases";
import { importStatements } from "../../../storage/erasures/erasure-records";
import type { ErasureIo } from "../erasure-io";

/**
 * Brings a page of tombstones back to the first database, with their entries in the audit list. Erasures that were
 * running start again from the beginning.
 *
 * @returns the cursor of the next page; null after the last one
 * @throws what KV and D1 throw. Repeating it is harmless.
 */
export async function importTombstones(
  { databases, vault, now }: Pick<ErasureIo, "databases" | "vault" | "now">,
  cursor: string | null,
): Promise<string | null> {
  const { binding } = firstDatabase(databases);
  const { tombstones, next } = await vault.page(cursor);
  const ids = [...new Set(tombstones.map(({ erasure }) => erasure))];
  const running = new Map(await Promise.all(ids.map(async (id) => [id, await vault.subject(id)] as const)));
  const statements = tombstones.flatMap((tombstone) =>
    importStatements(binding, tombstone, running.get(tombstone.erasure) ?? null, now()),
  );
  if (statements.length > 0) await binding.batch(statements);
  return next;
}
