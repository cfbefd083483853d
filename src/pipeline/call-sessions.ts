import type { RuleEpoch } from "../rules/rules-in-force";
import type { Arrival, PlacedOutcome, SessionAnswer, SessionCall } from "../session/session-protocol";
import { type Failure, failureOf, messageOf } from "../storage/core/transport-errors";

/** Calls the object of a session. Each call makes its own stub: a stub that failed once may be broken. */
export type CallSession = (session: string, call: SessionCall) => Promise<SessionAnswer>;

export type SessionResult =
  | { kind: "decided"; outcomes: PlacedOutcome[] }
  | { kind: "failed"; failure: Failure; reason: string };

/**
 * Calls the object of each session once, all at the same time.
 *
 * @param epochsFor the rules that these arrivals need
 */
export async function callSessions(
  arrivals: ReadonlyMap<string, Arrival[]>,
  callSession: CallSession,
  epochsFor: (session: string) => RuleEpoch[],
): Promise<Map<string, SessionResult>> {
  const results = await Promise.all(
    [...arrivals].map(async ([session, own]) => {
      const call = { arrivals: own, epochs: epochsFor(session) };
      return [session, await callOne(() => callSession(session, call))] as const;
    }),
  );
  return new Map(results);
}

/** Calls once more at once where the object or the connection went away: the call is idempotent. */
async function callOne(call: () => Promise<SessionAnswer>): Promise<SessionResult> {
  for (let tries = 1; ; tries++) {
    try {
      return { kind: "decided", outcomes: (await call()).outcomes };
    } catch (thrown) {
      const failure = failureOf(thrown);
      if (failure !== "transient" || tries > 1) return { kind: "failed", failure, reason: messageOf(thrown) };
    }
  }
}
