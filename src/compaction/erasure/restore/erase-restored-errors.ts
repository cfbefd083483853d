import { type Database, firstDatabase } from "../../../storage/core/databases";
import type { Budget } from "../../../storage/erasures/budget";
import { type ErrorPlace, eraseErrors } from "../../../storage/erasures/erase-errors";
import { eraseMentions, mentionedSessions } from "../../../storage/erasures/erase-mentions";
import { createErasureSource, sessionsErased } from "../../../storage/erasures/erasure-source";
import { nextErrors } from "../../../storage/erasures/next-errors";
import type { ErasureIo } from "../erasure-io";

/**
 * Examines the next errors of the restored databases, and erases those whose id, session, visitor or resolved session
 * has a tombstone. Before the first, it erases what names an erased session elsewhere.
 *
 * @returns the place where the next step starts; null at the end
 * @throws what D1 throws. A repeated step continues.
 */
export async function eraseRestoredErrors(
  { databases }: Pick<ErasureIo, "databases">,
  restored: readonly Database[],
  start: ErrorPlace,
  budget: Budget,
): Promise<{ errors: number; next: ErrorPlace | null }> {
  const first = firstDatabase(databases);
  if (start.database === 0 && start.after === null) {
    const erased = await sessionsErased(first, await mentionedSessions(databases));
    for (const session of erased.keys()) await eraseMentions(databases, session);
  }
  const erasures = createErasureSource(first);
  let errors = 0;
  let { database: place, after } = start;
  for (; ; budget.left -= 1) {
    const database = restored[place];
    if (database === undefined) return { errors, next: null };
    if (budget.left <= 0) return { errors, next: { database: place, after } };
    const { found, next } = await nextErrors(database, after);
    const { isErased } = await erasures.check(found.flatMap(({ belongings }) => belongings));
    const erased = found.filter(({ belongings }) => belongings.some(isErased)).map(({ key }) => key);
    if (erased.length > 0) await eraseErrors(database, erased);
    errors += erased.length;
    if (next === null) place += 1;
    after = next;
  }
}
