import { isJsonObject, sessionIdOf } from "../../model/event/event";
import { jsonText } from "../../model/json/json-text";
import type { Repair } from "../../model/repair/repair";
import { prepareReplay, validateReplayed } from "../../rules/replay-event";
import type { IndexedRules } from "../../rules/rules";
import { runningAmong } from "../../storage/admin/replays";
import type { Database } from "../../storage/core/databases";
import { findErrorsById, type LocatedError } from "../../storage/errors/error-queries";
import { ARCHIVE_CLAIM, claimErrors, type ErrorState } from "../../storage/write/resolve-errors";
import { callSessions } from "../call-sessions";
import type { ReadEvent } from "../place-rows";
import type { ReplayedError, ReplayIo, Replaying, ReplayOutcome, Validated, Waiting } from "./replay-outcome";
import { writeReplayed } from "./write-replayed";

/**
 * Repairs failed events, claims their errors, lets their sessions validate them again with their original id,
 * application and time of receipt, and writes the results. This is idempotent: the primary key refuses stored events,
 * and resolved errors stay resolved.
 *
 * @param rules the rules of the replay, the same for each repetition of a step
 * @throws what D1 throws while the errors are read and claimed
 */
export async function replayErrors(
  ids: string[],
  replaying: Replaying,
  io: ReplayIo,
  rules: IndexedRules,
): Promise<Map<string, ReplayedError>> {
  const errors = await findErrorsById(io.databases, ids);
  const candidates = errors.flatMap((error) => candidateOf(error, replaying.repair, io, rules));
  const states = await claim(
    candidates.map(({ error }) => error),
    replaying.id,
    io.databases,
  );
  const results = new Map<string, ReplayedError>(ids.map((id) => [id, "skipped"]));
  for (const [id, { resolved_at: at, replay_id: by }] of states) {
    if (at !== null && by === replaying.id) results.set(id, "stored");
  }
  const claimed = candidates.filter(({ error }) => states.get(error.key.id)?.claimed_by === replaying.id);
  const validated: Validated[] = [];
  for (const { outcome, ...one } of await validate(claimed, io, rules)) {
    if (outcome.kind === "waiting") results.set(one.error.key.id, outcome);
    else validated.push({ ...one, outcome });
  }
  for (const [id, result] of await writeReplayed(validated, replaying, io)) results.set(id, result);
  return results;
}

interface Candidate {
  error: LocatedError;
  read: ReadEvent;
  /** The session to call, or the outcome if the event has no session to call. */
  next: { session: string } | Extract<ReplayOutcome, { kind: "failing" }>;
}

/** The repaired event of an error; none if it cannot be validated. */
function candidateOf(error: LocatedError, repair: Repair | null, io: ReplayIo, rules: IndexedRules): Candidate[] {
  const prepared = prepareReplay(error, repair);
  if (prepared.kind === "unfit") return [];
  const { eventId: id, application, receivedAt, event } = prepared;
  const incoming = { id, application, receivedAt, text: jsonText(event) };
  const read: ReadEvent = { incoming, event, replays: error.key };
  const session = sessionIdOf(event);
  if (session !== null && !prepared.isOversized) return [{ error, read, next: { session } }];
  const verdict = validateReplayed(prepared, { ...io.config, rules });
  return [{ error, read, next: { kind: "failing", issues: verdict.valid ? [] : verdict.issues } }];
}

/** Claims errors that no running replay has claimed. Returns the state of each error afterwards. */
async function claim(errors: LocatedError[], replay: string, databases: Database[]): Promise<Map<string, ErrorState>> {
  const attempt = async (finished: string[]) => {
    const states = await Promise.all(
      databases.map(async (database) => {
        const own = errors.filter((error) => error.database === database.index).map(({ key }) => key);
        return own.length === 0 ? [] : [...(await claimErrors(database, own, replay, finished))];
      }),
    );
    return new Map(states.flat());
  };
  const states = await attempt([]);
  const holders = new Set([...states.values()].flatMap(({ claimed_by: holder }) => holder ?? []));
  holders.delete(replay);
  // The compactor has claimed these, to move them to the archive.
  holders.delete(ARCHIVE_CLAIM);
  const [first] = databases;
  if (holders.size === 0 || first === undefined) return states;
  const running = await runningAmong(first, [...holders]);
  const finished = [...holders].filter((holder) => !running.has(holder));
  return finished.length === 0 ? states : attempt(finished);
}

interface ValidatedOrWaiting extends Omit<Validated, "outcome"> {
  outcome: ReplayOutcome | Waiting;
}

/** Lets each session validate its events in one call. */
async function validate(candidates: Candidate[], io: ReplayIo, rules: IndexedRules): Promise<ValidatedOrWaiting[]> {
  const validated: ValidatedOrWaiting[] = [];
  const bySession = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const { error, read, next } = candidate;
    if ("kind" in next) validated.push({ error, read, outcome: next });
    else bySession.set(next.session, [...(bySession.get(next.session) ?? []), candidate]);
  }
  const incomingEvents = new Map(
    [...bySession].map(([session, own]) => [session, own.map(({ read }) => read.incoming)]),
  );
  const results = await callSessions(incomingEvents, io.callSession, (session) => {
    const events = (bySession.get(session) ?? []).map(({ read }) => (isJsonObject(read.event) ? read.event : {}));
    return [{ since: 0, rules: rules.only(events) }];
  });
  for (const [session, own] of bySession) {
    const { outcomes, failed } = results.get(session) ?? { outcomes: [], failed: [] };
    for (const { places, failure, reason } of failed) {
      const outcome: Waiting = { kind: "waiting", failure, reason };
      validated.push(
        ...places.flatMap((place) => own[place] ?? []).map(({ error, read }) => ({ error, read, outcome })),
      );
    }
    for (const outcome of outcomes) {
      const one = own[outcome.place];
      if (one === undefined) throw new Error("the session returned an outcome for an event that was not replayed");
      const { error, read } = one;
      const resolved: ReplayOutcome =
        outcome.kind === "failed" ? { kind: "failing", issues: outcome.issues } : { kind: "valid", session, outcome };
      validated.push({ error, read, outcome: resolved });
    }
  }
  return validated;
}
