import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { loggedRun } from "../core/logged-run";
import { rollUpProperties } from "./roll-up";

/** The cron's work for declared properties. */
export async function maintainProperties(
  { databases, log }: { databases: readonly Database[]; log: (line: Record<string, unknown>) => void },
  now: Micros,
): Promise<void> {
  await loggedRun(log, "properties", async () => {
    const { hours, rows } = await rollUpProperties(databases, now);
    return hours > 0 ? { hours, rows } : null;
  });
}
