import type { RuleEpoch } from "../rules/rules-in-force";
import type { IncomingEvent, PlacedOutcome, SessionAnswer, SessionCall } from "../session/session-protocol";
import { type Failure, failureOf, messageOf } from "../storage/core/transport-errors";

/** Calls the object of a session. Each call makes its own stub: a stub that failed once may be broken. */
export type CallSession = (session: string, call: SessionCall) => Promise<SessionAnswer>;

/** Incoming events of a session that its object could not be asked about. */
export interface FailedCall {
  /** Places of the incoming events in the session's call. */
  places: number[];
  failure: Failure;
  reason: string;
}

/** What became of a session's incoming events: each stands in one of the two. */
export interface SessionResult {
  outcomes: PlacedOutcome[];
  failed: FailedCall[];
}

/** Calls that may be spent on one session to find what uses up its CPU time or memory: enough for two among thousands. */
const MAX_CALLS = 64;

/**
 * Calls the object of each session once, all at the same time.
 *
 * Where an object runs out of CPU time or memory, its incoming events are bisected until the one at fault stands alone. An outcome
 * depends on its own incoming event; copies in different halves are found by the write, as those of two batches are.
 *
 * @param epochsFor the rules that these incoming events need
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
        // Nearly always they are all of them.
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

/** Calls once more at once where the object or the connection went away: the call is idempotent. */
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
