import { firstDatabase } from "../../../storage/core/databases";
import { insertRestore, isRestoreRunning } from "../../../storage/erasures/erasure-records";
import { countOutsideChanges, hasMark, isCurrent, newMark, writeMark } from "../../../storage/erasures/restore-marks";
import type { ErasureIo } from "../erasure-io";

/**
 * Finds out whether a database was restored to a state from before the latest mark, and then begins to erase again
 * what came back. Otherwise it writes a new mark if anything outside D1 has changed.
 *
 * Called once a minute, after each request for an erasure, and before each run of the compactor. If nothing has
 * changed, it reads one entry of KV and one row of each database, two of the first.
 *
 * @returns true while a restored database is being caught up: nothing may move to the archive
 * @throws what D1, KV and the queue throw
 */
export async function findRestored({ databases, vault, sendErasure, now, log }: ErasureIo): Promise<boolean> {
  const first = firstDatabase(databases);
  if (await isRestoreRunning(first)) return true;
  const head = await vault.head();
  const changes = await countOutsideChanges(first);
  if (head !== null) {
    const marked = await Promise.all(databases.map((database) => hasMark(database, head)));
    const behind = databases.filter((_, place) => marked[place] !== true).map(({ index }) => index);
    if (behind.length > 0) {
      const id = crypto.randomUUID();
      if (await insertRestore(first, { id, databases: behind, now: now() })) {
        log({ log: "restore", restore: id, behind });
        await sendErasure({ v: 1, erasure: id, step: 0 }, 0);
      }
      return true;
    }
    if (isCurrent(head, changes)) return false;
  } else if (changes === 0) return false;
  const mark = newMark(changes);
  // The databases first: one without the latest mark counts as restored.
  await writeMark(databases, mark);
  await vault.putHead(mark);
  return false;
}
