import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { messageOf } from "../core/transport-errors";
import { rollUpProperties } from "./roll-up";

/** The cron's work for declared properties. A failure is logged; the next run continues where this one ended. */
export async function maintainProperties(
  { databases, log }: { databases: readonly Database[]; log: (line: Record<string, unknown>) => void },
  now: Micros,
): Promise<void> {
  try {
    const { hours, rows } = await rollUpProperties(databases, now);
    if (hours > 0) log({ log: "properties", hours, rows });
  } catch (thrown) {
    log({ log: "properties_failed", reason: messageOf(thrown) });
  }
}
