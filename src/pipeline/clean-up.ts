import type { Database } from "../storage/databases";
import { dueCleanUps, type SettledCleanUp, settleCleanUps } from "../storage/session-clean-ups";

export interface CleanUpIo {
  databases: Database[];
  /** Has a session's object clean itself up; when to look again, in milliseconds since 1970, or null. */
  cleanUp: (session: string) => Promise<number | null>;
  /** Milliseconds since 1970. */
  now: () => number;
  log: (line: Record<string, unknown>) => void;
}

/**
 * Sessions that one run looks at: an invocation may make 10,000 subrequests. A row, which is never divided, has no more: see
 * MAX_SESSIONS_PER_MESSAGE. Once a minute, it keeps up with 150 new sessions a second; what is left waits for the next
 * run, and costs storage only.
 */
const MAX_SESSIONS_PER_RUN = 9_000;

/** Rows read at a time: mostly as many sessions as a consumer batch of each began, at most some 10 MB. */
const ROWS_AT_ONCE = 25;

/** When an object that could not be asked is asked again. */
const FAILED_AGAIN_MS = 3_600_000;

/**
 * Cleans up the session objects that are due, so that each exists only while a message of it may come again. At least
 * once: what was cleaned up and not yet taken off the list is cleaned up once more, which changes nothing.
 *
 * @throws what D1 throws; the next run goes on
 */
export async function cleanUpSessions(io: CleanUpIo): Promise<void> {
  const counts = { sessions: 0, again: 0, failed: 0 };
  // Another database is the first in each minute, so that one with very many sessions keeps no other waiting.
  const first = Math.floor(io.now() / 60_000) % io.databases.length;
  for (const database of [...io.databases.slice(first), ...io.databases.slice(0, first)]) {
    while (counts.sessions < MAX_SESSIONS_PER_RUN) {
      const settled: SettledCleanUp[] = [];
      for (const row of await dueCleanUps(database, io.now(), ROWS_AT_ONCE)) {
        if (counts.sessions > 0 && counts.sessions + row.sessions.length > MAX_SESSIONS_PER_RUN) break;
        const looks = await Promise.all(row.sessions.map((session) => lookAt(session, io)));
        const again = looks.flatMap(({ session, next }) => (next === null ? [] : [{ session, dueAt: next }]));
        settled.push({ row, again });
        counts.sessions += row.sessions.length;
        counts.again += again.length;
        counts.failed += looks.filter(({ failed }) => failed).length;
      }
      if (settled.length === 0) break;
      await settleCleanUps(database, settled);
    }
  }
  if (counts.sessions > 0) io.log({ log: "clean_up", ...counts });
}

async function lookAt(
  session: string,
  { cleanUp, now }: CleanUpIo,
): Promise<{ session: string; next: number | null; failed: boolean }> {
  try {
    return { session, next: await cleanUp(session), failed: false };
  } catch {
    return { session, next: now() + FAILED_AGAIN_MS, failed: true };
  }
}
