import * as v from "valibot";
import { type ErasureMessage, SECOND_PASS_SECONDS } from "../../model/erasure";
import type { Micros } from "../../model/time/time";
import { deleteAbandonedObjects } from "../../storage/archive/pending-objects";
import { firstDatabase } from "../../storage/core/databases";
import { noteAwaiting } from "../../storage/erasures/awaiting-erasures";
import type { Budget } from "../../storage/erasures/budget";
import { eraseErrorsById, eraseVisitorErrors } from "../../storage/erasures/erase-errors";
import { raiseFences } from "../../storage/erasures/erasure-fence";
import {
  addTombstones,
  countErasureStep,
  type Erasure,
  loadErasure,
  saltOf,
} from "../../storage/erasures/erasure-records";
import { scrubDatabase } from "../../storage/erasures/scrub/scrub-database";
import { subjectHash } from "../../storage/erasures/subject";
import { tombstoneOf } from "../../storage/erasures/tombstone-vault";
import { nextVisitedSessions } from "../../storage/erasures/visited-sessions";
import { copiesUntil, endPresentPartition } from "./await-copies";
import { freshSalt } from "./begin-erasure";
import { archivedSessionsOf, eraseArchivedError, eraseVisitorFromArchive } from "./erase-archived";
import { eraseSession } from "./erase-everywhere";
import type { ErasureIo } from "./erasure-io";
import { afterPhase, type ErasureState, ErasureStateSchema, type StepResult, startOfPass } from "./erasure-state";
import { continueRestore } from "./restore/continue-restore";

/** Sessions of a visitor that get their tombstones together. */
const SESSIONS_PER_TOMBSTONE = 20;

/**
 * Runs one step of an erasure. Running it twice, or in two consumers at once, is harmless: erased rows are not found
 * again, and a step is counted once. If a step fails before it is counted, more was erased than the counts report.
 *
 * @throws what D1 and KV throw. A repeat of the step continues where it stopped.
 */
export async function runErasureStep({ erasure: id, step }: ErasureMessage, io: ErasureIo): Promise<void> {
  const first = firstDatabase(io.databases);
  const erasure = await loadErasure(first, id);
  if (erasure === null || erasure.status === "done" || erasure.step < step || erasure.step > step + 1) return;
  const sendNext = (delay: number) => io.sendErasure({ v: 1, erasure: id, step: step + 1 }, delay);
  if (erasure.step === step + 1) {
    // The step was counted before, but the request for the next one may have been lost.
    await sendNext(0);
    return;
  }
  const state = erasure.state === null ? startOfPass(erasure.kind, 1) : readState(erasure.state);
  if (state.phase === "copies") {
    const copies = await copiesUntil(io.databases, state.since);
    if (copies.length > 0) {
      await endPresentPartition(io, copies, io.now());
      // No message is sent: the cron requests this step again within a minute.
      await noteAwaiting(first, { id, step, now: io.now() });
      return;
    }
  }
  // Raised in each step, because a database may have been added since the last one.
  await raiseFences(io.databases);
  if (io.archive !== null) await deleteAbandonedObjects(io.databases, io.archive, io.now());
  const { next, ...counts } = await erase(erasure, state, io);
  const following = next ?? afterPhase(erasure, state, io.now());
  const counted = { id, step, state: following === null ? null : JSON.stringify(following), now: io.now() };
  // Before the last step is counted: an erasure that is done leaves no record of its subject.
  if (following === null && erasure.kind !== "restore") await io.vault.removeSubject(id);
  if (!(await countErasureStep(first, counted, counts))) return;
  io.log({ log: "erasure", erasure: id, step, phase: state.phase, pass: state.pass, ...counts });
  if (following !== null) await sendNext(following.pass > state.pass ? SECOND_PASS_SECONDS : 0);
}

function readState(text: string): ErasureState {
  return v.parse(ErasureStateSchema, JSON.parse(text));
}

function erase(erasure: Erasure, state: ErasureState, io: ErasureIo): Promise<StepResult> {
  const { kind, subject, before } = erasure;
  if (subject === null) throw new Error(`erasure ${erasure.id} has no valid subject`);
  const budget = { left: io.transactionsPerStep };
  switch (state.phase) {
    case "subject":
      return kind === "error"
        ? eraseError(subject, state, io)
        : eraseOneSession({ session: subject, before }, state, io, budget);
    case "sessions":
      return eraseVisitedSessions({ ...erasure, visitor: subject }, state, io, budget);
    case "contents":
      return eraseContents({ visitor: subject, before }, state, io, budget);
    case "scrub":
      return scrub(state, io);
    case "copies":
      return Promise.resolve({ next: null, sessions: 0, events: 0, errors: 0 });
    default:
      return continueRestore({ id: erasure.id, restored: subject }, state, io, budget);
  }
}

async function eraseError(id: string, state: ErasureState, io: ErasureIo): Promise<StepResult> {
  const hot = await eraseErrorsById(io.databases, [id]);
  const archived = await eraseArchivedError(io, id);
  // The step repeats until no file holds the error.
  return { next: archived === null ? null : state, sessions: 0, events: 0, errors: hot + (archived ?? 0) };
}

async function eraseOneSession(
  erased: { session: string; before: Micros },
  state: ErasureState,
  io: ErasureIo,
  budget: Budget,
): Promise<StepResult> {
  const { isDone, ...counts } = await eraseSession(erased, io, budget);
  return { next: isDone ? null : state, sessions: isDone && state.pass === 1 ? 1 : 0, ...counts };
}

/** Erases whole sessions. Events of a session without the visitor's id belong to the same person. */
async function eraseVisitedSessions(
  erasure: Erasure & { visitor: string },
  state: Extract<ErasureState, { phase: "sessions" }>,
  io: ErasureIo,
  budget: Budget,
): Promise<StepResult> {
  const counts = { sessions: 0, events: 0, errors: 0 };
  if (state.todo.length === 0) {
    const found = await nextVisitedSessions(io.databases, erasure.visitor, state.place, SESSIONS_PER_TOMBSTONE);
    const last = found.at(-1);
    if (last === undefined) {
      const archived = await archivedSessionsOf(io, erasure);
      if (archived.length > 0) {
        await addSessionTombstones(erasure, archived, io);
        return { next: { ...state, todo: archived }, ...counts };
      }
      return { next: { pass: state.pass, phase: "contents", place: { database: 0, after: null } }, ...counts };
    }
    const todo = found.map(({ session }) => session);
    await addSessionTombstones(erasure, todo, io);
    return { next: { ...state, place: last.place, todo }, ...counts };
  }
  let todo = state.todo;
  for (const session of state.todo) {
    const { isDone, events, errors } = await eraseSession({ session, before: erasure.before }, io, budget);
    counts.events += events;
    counts.errors += errors;
    if (!isDone) break;
    counts.sessions += state.pass === 1 ? 1 : 0;
    todo = todo.slice(1);
  }
  return { next: { ...state, todo }, ...counts };
}

/** Queued events of these sessions must not be stored either. */
async function addSessionTombstones(
  erasure: Erasure,
  sessions: readonly string[],
  { databases, vault }: ErasureIo,
): Promise<void> {
  const first = firstDatabase(databases);
  const salt = await saltOf(first, freshSalt());
  const hashes = sessions.map((id) => subjectHash(salt, { kind: "session", id }));
  await vault.put(tombstoneOf(erasure, "session", salt, hashes), hashes[0] ?? "");
  await addTombstones(first, hashes, erasure);
  await raiseFences(databases);
}

async function eraseContents(
  erased: { visitor: string; before: Micros },
  state: Extract<ErasureState, { phase: "contents" }>,
  io: ErasureIo,
  budget: Budget,
): Promise<StepResult> {
  const counts = { sessions: 0, events: 0 };
  const { errors, next } = await eraseVisitorErrors(io.databases, erased, state.place, budget);
  if (next !== null) return { ...counts, next: { ...state, place: next }, errors };
  const archived = await eraseVisitorFromArchive(io, erased);
  // Each rewritten file takes a whole step. The next step scans the errors in the databases again; they are usually few.
  return { ...counts, next: archived === null ? null : state, errors: errors + (archived ?? 0) };
}

/** Transactions of one step: each takes up to about a second and rewrites up to 16 MB. */
const SCRUBS_PER_STEP = 8;

/** An erasure scrubs what any of them has recorded, so it is done only when no place is left. */
async function scrub(state: ErasureState, io: ErasureIo): Promise<StepResult> {
  const counts = { sessions: 0, events: 0, errors: 0 };
  const budget = { left: Math.min(SCRUBS_PER_STEP, io.transactionsPerStep) };
  for (const database of io.databases) {
    if (!(await scrubDatabase(database, budget, io.now()))) return { next: state, ...counts };
  }
  return { next: null, ...counts };
}
