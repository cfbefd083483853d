import type { Micros } from "../../../model/time/time";
import { type Database, firstDatabase } from "../../../storage/core/databases";
import type { Budget } from "../../../storage/erasures/budget";
import type { ErasedCounts } from "../../../storage/erasures/erasure-records";
import { sessionsErased } from "../../../storage/erasures/erasure-source";
import { nextStoredSessions, type VisitPlace } from "../../../storage/erasures/visited-sessions";
import { eraseSession } from "../erase-everywhere";
import type { ErasureIo } from "../erasure-io";

/** Sessions that one query examines. */
const SESSIONS_PER_READ = 5_000;

/** Queries of one step: 100,000 sessions, whose hashes take about half a second of CPU. */
const READS_PER_STEP = 20;

interface Scan {
  place: VisitPlace | null;
  /** Found, and to be erased next. */
  todo: readonly { session: string; before: Micros }[];
}

/**
 * Examines the next sessions of the restored databases, and erases those that have a tombstone. A tombstone has only
 * a hash, so every stored session is hashed.
 *
 * @returns where the next step starts; null at the end
 * @throws what D1 and R2 throw. A repeated step continues.
 */
export async function eraseRestoredSessions(
  io: ErasureIo,
  restored: readonly Database[],
  scan: Scan,
  budget: Budget,
): Promise<{ next: { place: VisitPlace | null; todo: { session: string; before: Micros }[] } | null } & ErasedCounts> {
  const counts = { sessions: 0, events: 0, errors: 0 };
  if (scan.todo.length === 0) return { ...(await findErased(io, restored, scan.place)), ...counts };
  let left = [...scan.todo];
  for (const erased of scan.todo) {
    const { isDone, events, errors } = await eraseSession(erased, io, budget);
    counts.events += events;
    counts.errors += errors;
    if (!isDone) break;
    counts.sessions += 1;
    left = left.slice(1);
  }
  return { next: { place: scan.place, todo: left }, ...counts };
}

async function findErased(
  { databases }: ErasureIo,
  restored: readonly Database[],
  start: VisitPlace | null,
): Promise<{ next: { place: VisitPlace | null; todo: { session: string; before: Micros }[] } | null }> {
  let place = start;
  for (let n = 0; n < READS_PER_STEP; n++) {
    const found = await nextStoredSessions(databases, restored, place, SESSIONS_PER_READ);
    const last = found.at(-1);
    if (last === undefined) return { next: null };
    place = last.place;
    const erased = await sessionsErased(
      firstDatabase(databases),
      found.map(({ session }) => session),
    );
    const todo = [...erased].map(([session, before]) => ({ session, before }));
    if (todo.length > 0) return { next: { place, todo } };
  }
  return { next: { place, todo: [] } };
}
