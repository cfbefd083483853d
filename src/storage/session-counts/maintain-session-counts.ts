import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { loggedRun } from "../core/logged-run";
import { rollUpSessions } from "./roll-up-sessions";

/** The cron's work for counts of sessions. */
export async function maintainSessionCounts(
  { databases, log }: { databases: readonly Database[]; log: (line: Record<string, unknown>) => void },
  now: Micros,
): Promise<void> {
  await loggedRun(log, "session_counts", async () => {
    const { windows, rows } = await rollUpSessions(databases, now);
    return windows > 0 ? { windows, rows } : null;
  });
}
