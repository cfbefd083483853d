import type { Database } from "../../core/databases";
import type { Budget } from "../budget";

/**
 * The free pages of a database's file. Dropping a partition frees its pages with everything on them. They are overwritten by
 * the next erasure rather than at once: what was not erased may as well be readable there. If copies of erased rows may
 * remain in the partition's table, the compactor overwrites them.
 */

const VALUE_BYTES = 1_900_000;

/** Values that one transaction writes or deletes: 38 MB. */
const VALUES_PER_TRANSACTION = 20;

/** Above this size a database is not filled, which leaves room for its writers: D1's limit is 10 GB. */
const MAX_FILLED_BYTES = 9_500_000_000;

/** A statement that records that pages are freed, for the transaction that frees them. */
export function recordFrees(binding: D1Database): D1PreparedStatement {
  return binding.prepare("UPDATE free_space SET frees = frees + 1");
}

/** Records the size of a database before it becomes smaller. @throws what D1 throws */
export async function recordPeak({ binding }: Database): Promise<void> {
  const { meta } = await binding.prepare("SELECT peak_bytes FROM free_space").all();
  await raisePeak(binding, meta.size_after);
}

/** Records that a database has had a size, in bytes. @throws what D1 throws */
export async function raisePeak(binding: D1Database, bytes: number): Promise<void> {
  await binding.prepare("UPDATE free_space SET peak_bytes = ?1 WHERE peak_bytes < ?1").bind(bytes).run();
}

/** SQL for the bytes that are in use only until free pages are overwritten. */
export const FILLED_BYTES = `SELECT ${VALUE_BYTES} * count(*) AS filled FROM free_space_zeros`;

interface FreeSpace {
  frees: number;
  overwritten: number;
  peak: number;
  values: number;
}

/**
 * Overwrites all free pages, if some were freed since the last time. Large values of zeros take them, until the database is as
 * large as its file. Then they are deleted.
 *
 * @param budget each transaction takes one
 * @returns false if the budget ran out first
 * @throws what D1 throws. A repeated call continues, and two at once do no harm.
 */
export async function overwriteFreeSpace({ binding }: Database, budget: Budget): Promise<boolean> {
  for (;;) {
    const { results, meta } = await binding
      .prepare(
        `SELECT frees, overwritten, peak_bytes AS peak, (SELECT count(*) FROM free_space_zeros) AS "values"
         FROM free_space`,
      )
      .all<FreeSpace>();
    const [space] = results;
    if (space === undefined) throw new Error("the row of free_space is missing");
    const bytes = meta.size_after;
    const missing = Math.min(space.peak + VALUE_BYTES, MAX_FILLED_BYTES) - bytes;
    if (space.frees > space.overwritten && missing <= 0) {
      await raisePeak(binding, bytes);
      await binding.prepare("UPDATE free_space SET overwritten = ?1").bind(space.frees).run();
      continue;
    }
    const isFilling = space.frees > space.overwritten;
    if (!isFilling && space.values === 0) return true;
    if (budget.left <= 0) return false;
    budget.left -= 1;
    const values = Math.min(VALUES_PER_TRANSACTION, Math.ceil(missing / VALUE_BYTES));
    await binding
      .prepare(
        isFilling
          ? `INSERT INTO free_space_zeros (zeros) SELECT zeroblob(${VALUE_BYTES}) FROM numbers LIMIT ${values}`
          : `DELETE FROM free_space_zeros WHERE id IN (SELECT id FROM free_space_zeros LIMIT ${VALUES_PER_TRANSACTION})`,
      )
      .run();
  }
}
