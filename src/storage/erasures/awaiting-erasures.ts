import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";

/** All functions here throw what D1 throws. */

/** SQL: a thorough erasure that waits until no copies remain. */
export const AWAITS_COPIES = "(thorough = 1 AND state IS NOT NULL AND state ->> 'phase' = 'copies')";

/** Since when the latest of the thorough erasures waits until no copies remain; null if none does. */
export async function copiesAwaitedSince({ binding }: Database): Promise<Micros | null> {
  return binding
    .prepare(`SELECT max(state ->> 'since') AS since FROM erasures WHERE status = 'running' AND ${AWAITS_COPIES}`)
    .first<Micros | null>("since");
}

/** Records that a thorough erasure still waits for copies. Its step is not counted. */
export async function noteAwaiting(
  { binding }: Database,
  { id, step, now }: { id: string; step: number; now: Micros },
): Promise<void> {
  await binding
    .prepare(
      `UPDATE erasures SET updated_at = ?3, waiting_since = NULL, missing_object = NULL
       WHERE id = ?1 AND step = ?2 AND status = 'running'`,
    )
    .bind(id, step, now)
    .run();
}
