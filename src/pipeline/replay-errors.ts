import { sessionIdOf } from "../model/event";
import { jsonText } from "../model/json-text";
import type { Repair } from "../model/repair";
import { judgeReplayed, prepareReplay } from "../rules/replay-event";
import type { IndexedRules } from "../rules/rules";
import type { Database } from "../storage/databases";
import { findErrorsById, type LocatedError } from "../storage/error-queries";
import { runningAmong } from "../storage/replays";
import { claimErrors, type ErrorState } from "../storage/settle-errors";
import type { Failure } from "../storage/transport-errors";
import { askSessions } from "./ask-sessions";
import type { Pipeline } from "./consumer";
import type { Arrival } from "./session-protocol";
import { type Judged, type Verdict, writeReplayed } from "./write-replayed";

export type ReplayIo = Pick<Pipeline, "databases" | "callGroup" | "write" | "config">;

export interface Replaying {
  /** The replay's id. */
  id: string;
  repair: Repair | null;
  /** Microseconds since 1970, of the settlement. */
  now: number;
}

/** Something failed on the way: the same call again goes on where it stood. */
export interface Waiting {
  kind: "waiting";
  failure: Failure;
  reason: string;
}

/** What became of an error. Skipped: resolved before, in the hands of another replay, or nothing that can be judged. */
export type Fate = "stored" | "failing" | "skipped" | Waiting;

/**
 * Brings failed events back: mends them, claims their errors, has their sessions judge them anew under their original id,
 * application and moment of receipt, and writes what came of it. Idempotent: what is stored already is known by its
 * session, and what is settled stays settled.
 *
 * @throws what D1 throws while the errors are read and claimed
 */
export async function replayErrors(
  ids: string[],
  replaying: Replaying,
  io: ReplayIo,
  rules: IndexedRules,
): Promise<Map<string, Fate>> {
  const errors = await findErrorsById(io.databases, ids);
  const candidates = errors.flatMap((error) => candidateOf(error, replaying.repair, io, rules));
  const states = await claim(
    candidates.map(({ error }) => error),
    replaying.id,
    io.databases,
  );
  const fates = new Map<string, Fate>(ids.map((id) => [id, "skipped"]));
  for (const [id, { resolved_at: at, replay_id: by }] of states) {
    if (at !== null && by === replaying.id) fates.set(id, "stored");
  }
  const claimed = candidates.filter(({ error }) => states.get(error.key.id)?.claimed_by === replaying.id);
  const judged: Judged[] = [];
  for (const { error, arrival, verdict } of await judge(claimed, io, rules)) {
    if (verdict.kind === "waiting") fates.set(error.key.id, verdict);
    else judged.push({ error, arrival, verdict });
  }
  const unwritten = await writeReplayed(judged, replaying, io);
  for (const { error, verdict } of judged) {
    fates.set(error.key.id, unwritten.get(error.key.id) ?? verdict.kind);
  }
  return fates;
}

interface Candidate {
  error: LocatedError;
  arrival: Arrival;
  event: unknown;
  /** The session to ask, or the verdict of an event that reaches none. */
  next: { session: string } | Verdict;
}

/** An error's event, mended; none if nothing can judge it. */
function candidateOf(error: LocatedError, repair: Repair | null, io: ReplayIo, rules: IndexedRules): Candidate[] {
  const prepared = prepareReplay(error, repair);
  if (prepared.kind === "unfit") return [];
  const { eventId: id, application, receivedAt, event } = prepared;
  const arrival: Arrival = { id, application, receivedAt, text: jsonText(event), replayOf: error.key.id };
  const session = sessionIdOf(event);
  if (session !== null && !prepared.isOversized) return [{ error, arrival, event, next: { session } }];
  const verdict = judgeReplayed(prepared, { ...io.config, rules });
  const issues = verdict.valid ? [] : verdict.issues;
  return [{ error, arrival, event, next: { kind: "failing", issues } }];
}

/** Claims errors that nobody has in hand, or only a replay that is over. Tells how each of them stands then. */
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
  const [first] = databases;
  if (holders.size === 0 || first === undefined) return states;
  const running = await runningAmong(first, [...holders]);
  const finished = [...holders].filter((holder) => !running.has(holder));
  return finished.length === 0 ? states : attempt(finished);
}

interface Asked extends Omit<Judged, "verdict"> {
  verdict: Verdict | Waiting;
}

/** Has each session judge its own, all in one call. */
async function judge(candidates: Candidate[], io: ReplayIo, rules: IndexedRules): Promise<Asked[]> {
  const sessionOf = ({ next }: Candidate) => ("session" in next ? next.session : null);
  const bySession = Map.groupBy(candidates, sessionOf);
  const arrivals = [...bySession].flatMap(([session, own]) =>
    session === null ? [] : [[session, own.map(({ arrival }) => arrival)] as const],
  );
  const results = await askSessions(new Map(arrivals), io.databases, io.callGroup, (sessions) => {
    // The rules of the replay, whenever its events were received.
    const events = sessions.flatMap((session) => bySession.get(session) ?? []).map(({ event }) => event);
    return [{ since: 0, rules: rules.only(events) }];
  });
  return [...bySession].flatMap(([session, own]) =>
    own.map(({ error, arrival, next }, place): Asked => {
      if (session === null || !("session" in next)) {
        if ("session" in next) throw new Error("a replayed event with a session was gathered without it");
        return { error, arrival, verdict: next };
      }
      const result = results.get(session);
      if (result?.kind !== "decided") {
        const { failure = "rejected" as const, reason = "the session was not asked" } = result ?? {};
        return { error, arrival, verdict: { kind: "waiting", failure, reason } };
      }
      const outcome = result.outcomes[place];
      if (outcome === undefined) throw new Error("the group left a replayed event undecided");
      if (outcome.kind === "failed") return { error, arrival, verdict: { kind: "failing", issues: outcome.issues } };
      return { error, arrival, verdict: { kind: "stored", session, database: result.database, outcome } };
    }),
  );
}
