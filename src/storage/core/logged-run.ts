import { messageOf } from "./transport-errors";

type Log = (line: Record<string, unknown>) => void;

/**
 * Runs one part of the cron's work. Logs what it did, or why it failed: a failure must not keep the other parts from
 * running, and the next run continues where this one ended.
 *
 * @param run returns what it did, or null if there was nothing to do
 */
export async function loggedRun(
  log: Log,
  name: string,
  run: () => Promise<Record<string, number> | null>,
): Promise<void> {
  try {
    const report = await run();
    if (report !== null) log({ log: name, ...report });
  } catch (thrown) {
    log({ log: `${name}_failed`, reason: messageOf(thrown) });
  }
}
