import type { Micros } from "../model/time/time";
import type { Database } from "../storage/core/databases";

/**
 * Allows one chain of runs at a time: each run sends the message for the next, and the cron starts a chain only if
 * none is alive. Two chains would do no harm, but would do the same work twice.
 */

/** Far longer than a run takes. */
const RUN_MICROS: Micros = 15 * 60_000_000;

/**
 * Claims the lease that allows sending the first message of a chain.
 *
 * @throws what D1 throws
 */
export async function claimRun({ binding }: Database, now: Micros): Promise<boolean> {
  const { meta } = await binding
    .prepare(
      `INSERT INTO compactor_lease (id, held_until) VALUES (1, ?1 + ${RUN_MICROS})
       ON CONFLICT DO UPDATE SET held_until = excluded.held_until WHERE held_until <= ?1`,
    )
    .bind(now)
    .run();
  return meta.changes > 0;
}

/** Extends the lease for the next run, or releases it. */
export async function holdLease({ binding }: Database, now: Micros, goesOn: boolean): Promise<void> {
  await binding
    .prepare("UPDATE compactor_lease SET held_until = ?1 WHERE id = 1")
    .bind(goesOn ? now + RUN_MICROS : now)
    .run();
}
