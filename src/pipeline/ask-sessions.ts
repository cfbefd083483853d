import type { RuleSet } from "../rules/rules";
import { candidateDatabases, type Database, homeDatabase } from "../storage/databases";
import { findSessions, loadHistories, type SessionHistory } from "../storage/session-history";
import { type Failure, failureOf, messageOf } from "../storage/transport-errors";
import type { AcceptAnswer, AcceptCall, Arrival, Presence } from "./session-protocol";

/** Calls the object of a session. Each call makes its own stub: a stub that failed once may be broken. */
export type CallSession = (call: AcceptCall) => Promise<AcceptAnswer>;

interface Failed {
  kind: "failed";
  failure: Failure;
  reason: string;
  /** True if a database could not be asked; false if the session's object failed. */
  waitsForDatabase: boolean;
}

export type SessionResult = Extract<AcceptAnswer, { kind: "decided" }> | Failed;

/**
 * Has the objects of all sessions of a batch decide, at once, each called once. D1 is asked in bulk beforehand which of
 * the sessions exist, and afterwards about those few whose objects have forgotten them.
 *
 * @param rulesFor the rules of the event types that a session's arrivals have
 */
export async function askSessions(
  arrivals: Map<string, Arrival[]>,
  databases: Database[],
  callSession: CallSession,
  rulesFor: (session: string) => RuleSet,
): Promise<Map<string, SessionResult>> {
  const presences = await findPresences([...arrivals.keys()], databases);
  const calls = [...arrivals].map(([session, own]): AcceptCall => {
    const presence = presences.get(session) ?? { kind: "absent" };
    return {
      session,
      home: homeDatabase(session, databases.length),
      presence,
      arrivals: own,
      rules: rulesFor(session),
    };
  });
  const results = new Map(
    await Promise.all(calls.map(async (call) => [call.session, await ask(call, callSession)] as const)),
  );

  const forgotten = calls.flatMap((call) => {
    const answer = results.get(call.session);
    return answer?.kind === "history_needed" ? [{ call, database: answer.database }] : [];
  });
  const histories = await findHistories(forgotten, databases);
  await Promise.all(
    forgotten.map(async ({ call }) => {
      const history = histories.get(call.session);
      if (history === undefined) return;
      results.set(
        call.session,
        history.kind === "failed" ? history : await ask({ ...call, history: history.of }, callSession),
      );
    }),
  );
  return new Map([...results].map(([session, answer]) => [session, settle(answer)]));
}

type Asked = AcceptAnswer | Failed;

/** One call, and a second one at once if the object or the connection went away: `accept` is idempotent. */
async function ask(call: AcceptCall, callSession: CallSession): Promise<Asked> {
  for (let tries = 1; ; tries++) {
    try {
      return await callSession(call);
    } catch (thrown) {
      const failure = failureOf(thrown);
      if (tries === 2 || failure !== "transient")
        return { kind: "failed", failure, reason: messageOf(thrown), waitsForDatabase: false };
    }
  }
}

function settle(answer: Asked): SessionResult {
  if (answer.kind === "decided" || answer.kind === "failed") return answer;
  const reason =
    answer.kind === "undecided"
      ? "the database that may hold the session cannot be asked"
      : "the session has no history";
  return { kind: "failed", failure: "overloaded", reason, waitsForDatabase: true };
}

/**
 * Where each session is stored already; sessions that no database holds are left out. A session that an unreachable
 * database may hold is `unknown`: to let it begin anew would break its order and its identity.
 */
async function findPresences(sessions: string[], databases: Database[]): Promise<Map<string, Presence>> {
  const presences = new Map<string, Presence>();
  const found = await Promise.all(
    databases.map(async (database) => {
      const own = sessions.filter((session) => candidateDatabases(session, databases.length).includes(database.index));
      if (own.length === 0) return { database, own, present: [] };
      try {
        return { database, own, present: await findSessions(database, own) };
      } catch {
        return { database, own, present: null };
      }
    }),
  );
  for (const { own, present } of found) {
    if (present === null) for (const session of own) presences.set(session, { kind: "unknown" });
  }
  for (const { database, present } of found) {
    for (const session of present ?? []) presences.set(session, { kind: "present", database: database.index });
  }
  return presences;
}

function failedBy(thrown: unknown): Failed {
  return { kind: "failed", failure: failureOf(thrown), reason: messageOf(thrown), waitsForDatabase: true };
}

type FoundHistory = Failed | { kind: "found"; of: SessionHistory };

async function findHistories(
  forgotten: { call: AcceptCall; database: number }[],
  databases: Database[],
): Promise<Map<string, FoundHistory>> {
  const found = await Promise.all(
    databases.map(async (database): Promise<[string, FoundHistory][]> => {
      const own = forgotten.filter((one) => one.database === database.index);
      if (own.length === 0) return [];
      try {
        const asked = own.map(({ call }) => ({ session: call.session, ids: call.arrivals.map(({ id }) => id) }));
        const histories = await loadHistories(database, asked);
        return [...histories].map(([session, of]) => [session, { kind: "found", of }]);
      } catch (thrown) {
        const failed = failedBy(thrown);
        return own.map(({ call }) => [call.session, failed]);
      }
    }),
  );
  return new Map(found.flat());
}
