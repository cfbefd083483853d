import type { Micros } from "../../model/time/time";
import type { Budget } from "../../storage/erasures/budget";
import { eraseSessionErrors } from "../../storage/erasures/erase-errors";
import { eraseMentions } from "../../storage/erasures/erase-mentions";
import { eraseSessionEvents } from "../../storage/erasures/erase-session";
import { eraseFromArchive } from "./erase-archived";
import type { ErasureIo } from "./erasure-io";

/**
 * Erases a session from the databases and from the archive, as far as the budget goes.
 *
 * @returns how much was erased; `isDone` is false until nothing is left
 * @throws what D1 and R2 throw. A repeated call continues.
 */
export async function eraseSession(erased: { session: string; before: Micros }, io: ErasureIo, budget: Budget) {
  const { databases } = io;
  const hot = await eraseSessionEvents(databases, erased, budget);
  let { events } = hot;
  let errors = 0;
  let { isDone } = hot;
  if (isDone) ({ errors, isDone } = await eraseSessionErrors(databases, erased, budget));
  if (isDone) await eraseMentions(databases, erased.session);
  // Each rewritten file takes a whole step. Files that the compactor copies meanwhile already lack the erased
  // events.
  const archived = isDone && budget.left > 0 ? await eraseFromArchive(io, erased) : null;
  // The archive may not have been searched. The session is not done then: a visitor's second pass may not find it again.
  if (budget.left <= 0) isDone = false;
  if (archived !== null) {
    budget.left = 0;
    events += archived.events;
    errors += archived.errors;
    isDone = false;
  }
  return { isDone, events, errors };
}
