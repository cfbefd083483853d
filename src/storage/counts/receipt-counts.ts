import type { Micros } from "../../model/time/time";
import { DAY_SECONDS, HOUR_SECONDS, minuteOf } from "../../model/time/units";
import type { Database } from "../core/databases";
import { loggedRun } from "../core/logged-run";
import { NO_PARTITIONS } from "../partitions/partition-records";
import type { CountSource } from "./count-tables";

/**
 * Counts of stored events by receipt, beside those by timestamp: only they can be compared with failures, which are
 * counted by receipt. An event counts once, whatever its timestamp, however often it is delivered. One that a replay
 * stored does not count: it is counted among the failures.
 */

/** For how long minutes are kept: longer than the longest window of an alert, a day. Hours and days stay. */
export const RECEIPT_MINUTES_KEPT = 2 * DAY_SECONDS;

export function receiptSources(databases: readonly Database[]): CountSource[] {
  return databases.map((database) => ({ database, map: NO_PARTITIONS, byReceipt: true }));
}

const DELETE_MINUTES = "DELETE FROM receipt_counts WHERE seconds = 60 AND bucket < ?1";

/** The cron's work: once an hour it deletes old minutes. It reads each minute that is kept, so not more often. */
export async function deleteReceiptMinutes(
  { databases, log }: { databases: readonly Database[]; log: (line: Record<string, unknown>) => void },
  now: Micros,
): Promise<void> {
  const minute = minuteOf(now);
  if (minute % HOUR_SECONDS !== 0) return;
  const before = minute - RECEIPT_MINUTES_KEPT - HOUR_SECONDS;
  for (const { binding } of databases) {
    await loggedRun(log, "receipt_minutes", async () => {
      await binding.prepare(DELETE_MINUTES).bind(before).run();
      return null;
    });
  }
}
