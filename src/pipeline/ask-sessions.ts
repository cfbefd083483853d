import { groupOf } from "../model/session-groups";
import type { Micros } from "../model/time";
import type { RuleEpoch } from "../rules/rules-in-force";
import { candidateDatabases, type Database, homeDatabase } from "../storage/databases";
import { findSessions, loadHistories, type SessionHistory } from "../storage/session-history";
import { type Failure, failureOf, messageOf } from "../storage/transport-errors";
import type { AcceptAnswer, AcceptCall, Arrival, GroupCall, Presence } from "./session-protocol";

/** Calls a group of sessions by its name. Each call makes its own stub: a stub that failed once may be broken. */
export type CallGroup = (group: string, call: GroupCall) => Promise<AcceptAnswer[]>;

interface Failed {
  kind: "failed";
  failure: Failure;
  reason: string;
  /** True if a database could not be asked; false if the session's group failed. */
  waitsForDatabase: boolean;
}

export type SessionResult = Extract<AcceptAnswer, { kind: "decided" }> | Failed;

/**
 * Calls that one round may spend on a group to find the sessions at fault: enough to isolate several of thousands, and with
 * all groups and rounds far below the 10,000 subrequests that an invocation may make.
 */
const MAX_CALLS = 64;

/** Mostly one is enough; a second, where a group forgets a session while D1 is asked about a part of it. */
const MAX_HISTORY_ROUNDS = 2;

/**
 * Has all sessions of a batch decided on, at once, with one call for each of their groups. D1 is asked in bulk beforehand
 * which of the sessions exist, and afterwards about those few whose groups do not remember them.
 *
 * @param rulesFor the rules that these sessions' arrivals are judged by
 */
export async function askSessions(
  arrivals: Map<string, Arrival[]>,
  databases: Database[],
  callGroup: CallGroup,
  rulesFor: (sessions: string[]) => RuleEpoch[],
): Promise<Map<string, SessionResult>> {
  const presences = await findPresences([...arrivals.keys()], databases);
  const calls = [...arrivals].map(([session, own]): AcceptCall => {
    const presence = presences.get(session) ?? { kind: "absent" };
    return { session, home: homeDatabase(session, databases.length), presence, arrivals: own };
  });
  const askAll = async (some: AcceptCall[]) => {
    const groups = [...Map.groupBy(some, ({ session }) => groupOf(session))];
    const answers = await Promise.all(
      groups.map(([group, own]) =>
        ask(own, (part) => callGroup(group, { calls: part, rules: rulesFor(part.map(({ session }) => session)) }), {
          left: MAX_CALLS,
        }),
      ),
    );
    return new Map(answers.flatMap((some) => [...some]));
  };

  const results = await askAll(calls);
  for (let round = 1; round <= MAX_HISTORY_ROUNDS; round++) {
    const forgotten = calls.flatMap((call) => {
      const answer = results.get(call.session);
      return answer?.kind === "history_needed" ? [{ ...answer, call }] : [];
    });
    if (forgotten.length === 0) break;
    const histories = await findHistories(forgotten, databases);
    const again: AcceptCall[] = [];
    for (const { call } of forgotten) {
      const history = histories.get(call.session);
      if (history?.kind === "failed") results.set(call.session, history);
      else if (history !== undefined) again.push({ ...call, history: history.of });
    }
    for (const [session, answer] of await askAll(again)) results.set(session, answer);
  }
  return new Map([...results].map(([session, answer]) => [session, settle(answer)]));
}

type Asked = AcceptAnswer | Failed;

/**
 * Calls a group, and once more at once if the object or the connection went away: it is idempotent. Where the call fails
 * for what is in it, its sessions are halved until those at fault stand alone, or the calls are used up.
 */
async function ask(
  calls: AcceptCall[],
  callGroup: (part: AcceptCall[]) => Promise<AcceptAnswer[]>,
  budget: { left: number },
): Promise<Map<string, Asked>> {
  for (let tries = 1; ; tries++) {
    budget.left -= 1;
    try {
      const answers = await callGroup(calls);
      return new Map(
        calls.flatMap(({ session }, place) => {
          const answer = answers[place];
          return answer === undefined ? [] : [[session, answer] as const];
        }),
      );
    } catch (thrown) {
      const failure = failureOf(thrown);
      if (failure === "transient" && tries === 1) continue;
      if (failure === "rejected" && calls.length > 1 && budget.left >= 2) {
        const middle = Math.ceil(calls.length / 2);
        return new Map([
          ...(await ask(calls.slice(0, middle), callGroup, budget)),
          ...(await ask(calls.slice(middle), callGroup, budget)),
        ]);
      }
      const failed: Failed = { kind: "failed", failure, reason: messageOf(thrown), waitsForDatabase: false };
      return new Map(calls.map(({ session }) => [session, failed]));
    }
  }
}

function settle(answer: Asked): SessionResult {
  if (answer.kind === "decided" || answer.kind === "failed") return answer;
  if (answer.kind === "broken")
    return { kind: "failed", failure: "rejected", reason: answer.reason, waitsForDatabase: false };
  const reason =
    answer.kind === "undecided"
      ? "the database that may hold the session cannot be asked"
      : "the session has no history";
  return { kind: "failed", failure: "overloaded", reason, waitsForDatabase: true };
}

/**
 * Where each session lives already; sessions that no database holds are left out. A session that an unreachable
 * database may hold is `unknown`: to let it begin anew would break its order and its identity. One of which there are only
 * failures lives where they are.
 */
async function findPresences(sessions: string[], databases: Database[]): Promise<Map<string, Presence>> {
  const presences = new Map<string, Presence>();
  const found = await Promise.all(
    databases.map(async (database) => {
      const own = sessions.filter((session) => candidateDatabases(session, databases.length).includes(database.index));
      if (own.length === 0) return { database, own, present: { stored: [], failed: [] } };
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
  // An event tells where its session lives, whatever else cannot be asked. A failure does not.
  for (const { database, present } of found) {
    for (const session of present?.failed ?? []) {
      if (!presences.has(session)) presences.set(session, { kind: "present", database: database.index });
    }
  }
  for (const { database, present } of found) {
    for (const session of present?.stored ?? []) presences.set(session, { kind: "present", database: database.index });
  }
  return presences;
}

function failedBy(thrown: unknown): Failed {
  return { kind: "failed", failure: failureOf(thrown), reason: messageOf(thrown), waitsForDatabase: true };
}

type FoundHistory = Failed | { kind: "found"; of: SessionHistory };

async function findHistories(
  forgotten: { call: AcceptCall; database: number; errorIds: string[]; until: Micros | null }[],
  databases: Database[],
): Promise<Map<string, FoundHistory>> {
  const found = await Promise.all(
    databases.map(async (database): Promise<[string, FoundHistory][]> => {
      const own = forgotten.filter((one) => one.database === database.index);
      if (own.length === 0) return [];
      try {
        const asked = own.map(({ call: { session, arrivals }, errorIds, until }) => {
          return { session, ids: arrivals.map(({ id }) => id), errorIds, until };
        });
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
