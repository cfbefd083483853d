import type { RuleEpoch } from "../rules/rules-in-force";
import type { IncomingEvent, PlacedOutcome, SessionAnswer, SessionCall } from "../session/session-protocol";
import { type Failure, failureOf, messageOf } from "../storage/core/transport-errors";

/** Calls a session's object. Each call creates its own stub, since a stub that has failed may stay broken. */
export type CallSession = (session: string, call: SessionCall) => Promise<SessionAnswer>;

/** Incoming events of a session whose object could not be called. */
export interface FailedCall {
  /** Indexes of the incoming events in the session's call. */
  places: number[];
  failure: Failure;
  reason: string;
}

/** The result for a session's incoming events. Each is in one of the two lists. */
export interface SessionResult {
  outcomes: PlacedOutcome[];
  failed: FailedCall[];
}

/**
 * Calls to one session for finding the event that exhausts its CPU time or memory: enough to find two among thousands.
 */
const MAX_CALLS = 64;

/**
 * Calls the object of each session once, concurrently.
 *
 * If an object runs out of CPU time or memory, its incoming events are bisected until the one at fault is alone. Each
 * outcome depends only on its own event. The write finds copies in different halves, as it does for copies in different
 * batches.
 *
 * @param epochsFor returns the rules that a session's incoming events need
 */
export async function callSessions(
  incomingEvents: ReadonlyMap<string, IncomingEvent[]>,
  callSession: CallSession,
  epochsFor: (session: string) => RuleEpoch[],
): Promise<Map<string, SessionResult>> {
  const results = await Promise.all(
    [...incomingEvents].map(async ([session, own]) => {
      const epochs = epochsFor(session);
      const result: SessionResult = { outcomes: [], failed: [] };
      const call = (places: number[]) => {
        // Nearly always the call has all events.
        const some = places.length === own.length ? own : places.flatMap((place) => own[place] ?? []);
        return callOne(() => callSession(session, { incomingEvents: some, epochs }));
      };
      await callTogether([...own.keys()], call, { left: MAX_CALLS - 1 }, result);
      return [session, result] as const;
    }),
  );
  return new Map(results);
}

async function callTogether(
  places: number[],
  call: (places: number[]) => Promise<SessionAnswer | { failure: Failure; reason: string }>,
  calls: { left: number },
  result: SessionResult,
): Promise<void> {
  const answer = await call(places);
  if ("outcomes" in answer) {
    for (const outcome of answer.outcomes) {
      outcome.place = places[outcome.place] ?? -1;
      result.outcomes.push(outcome);
    }
    return;
  }
  if (answer.failure !== "exhausted" || places.length === 1 || calls.left < 2) {
    result.failed.push({ places, ...answer });
    return;
  }
  calls.left -= 2;
  const middle = Math.ceil(places.length / 2);
  await callTogether(places.slice(0, middle), call, calls, result);
  await callTogether(places.slice(middle), call, calls, result);
}

/** Retries once, immediately, if the object or the connection was lost. The call is idempotent. */
async function callOne(
  call: () => Promise<SessionAnswer>,
): Promise<SessionAnswer | { failure: Failure; reason: string }> {
  for (let tries = 1; ; tries++) {
    try {
      return { outcomes: (await call()).outcomes };
    } catch (thrown) {
      const failure = failureOf(thrown);
      if (failure !== "transient" || tries > 1) return { failure, reason: messageOf(thrown) };
    }
  }
}
