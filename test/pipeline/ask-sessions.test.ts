import { describe, expect, it } from "vitest";
import { askSessions, type CallSession } from "../../src/pipeline/ask-sessions";
import type { AcceptCall, Arrival } from "../../src/pipeline/session-protocol";
import { NO_RULES } from "../../src/rules/rules";
import { candidateDatabases, type Database } from "../../src/storage/databases";
import { eventRow, store } from "../storage/seed";
import { databases, eventOf } from "./harness";
import { RECEIVED_AT } from "./sample-events";

const arrivalsOf = (session: string): Arrival[] => [
  { id: "a", application: "shop", receivedAt: RECEIVED_AT, text: JSON.stringify(eventOf(session)) },
];
const arrivals = (...sessions: string[]) => new Map(sessions.map((session) => [session, arrivalsOf(session)]));

function sessionAmong(candidates: number[], prefix = "asked"): string {
  const sessions = Array.from({ length: 1_000 }, (_, index) => `${prefix}-${index}`);
  return sessions.find((session) => candidateDatabases(session, 3).join() === candidates.join()) ?? "";
}

function broken(database: Database): Database {
  const refuse = () => {
    throw new Error("D1_ERROR: Network connection lost.");
  };
  return { ...database, binding: Object.assign(Object.create(database.binding), { prepare: refuse, batch: refuse }) };
}

const without = (index: number) =>
  databases.map((database) => (database.index === index ? broken(database) : database));

/** An object that decides nothing and keeps the calls. */
function recorder() {
  const calls: AcceptCall[] = [];
  const callSession: CallSession = async (call) => {
    calls.push(call);
    return { kind: "decided", database: call.home, outcomes: [], enlisting: null };
  };
  return { calls, callSession };
}

describe("what an object is told of its session", () => {
  const session = sessionAmong([0, 1, 2]);

  it("is that no database holds it, and where it would live", async () => {
    const { calls, callSession } = recorder();
    await askSessions(arrivals(session), databases, callSession, () => NO_RULES);
    expect(calls).toMatchObject([{ session, home: 2, presence: { kind: "absent" } }]);
  });

  it("is where it lives, though its home would be elsewhere today, or a database is away", async () => {
    const [, second] = databases;
    if (second === undefined) throw new Error("three databases are bound");
    const old = sessionAmong([0, 1, 2], "old");
    await store([{ ...second, index: 0 }], { events: [eventRow({ session: old })] });
    for (const some of [databases, without(0), without(2)]) {
      const { calls, callSession } = recorder();
      await askSessions(arrivals(old), some, callSession, () => NO_RULES);
      expect(calls.map(({ presence }) => presence)).toEqual([{ kind: "present", database: 1 }]);
    }
  });

  it("is that it is unknown while a database that may hold it is away", async () => {
    const { calls, callSession } = recorder();
    await askSessions(arrivals(session, sessionAmong([0, 1])), without(2), callSession, () => NO_RULES);
    expect(new Map(calls.map((call) => [call.session, call.presence.kind]))).toEqual(
      new Map([
        [session, "unknown"],
        [sessionAmong([0, 1]), "absent"],
      ]),
    );
  });
});

describe("a call that fails", () => {
  const cases: [string, Error, number, string][] = [
    ["a lost connection", Object.assign(new Error("gone"), { retryable: true }), 2, "transient"],
    ["an overloaded object", Object.assign(new Error("busy"), { overloaded: true, retryable: true }), 1, "overloaded"],
    ["a bug", new Error("bug"), 1, "rejected"],
  ];

  it.each(cases)("for %s is tried as often as it may help", async (_, thrown, tries, failure) => {
    const calls: string[] = [];
    const results = await askSessions(
      arrivals("bad", "good"),
      databases,
      async ({ session, home }) => {
        calls.push(session);
        if (session === "bad") throw thrown;
        return { kind: "decided", database: home, outcomes: [], enlisting: null };
      },
      () => NO_RULES,
    );
    expect(calls.filter((session) => session === "bad")).toHaveLength(tries);
    expect(results.get("bad")).toEqual({ kind: "failed", failure, reason: thrown.message, waitsForDatabase: false });
    expect(results.get("good")).toMatchObject({ kind: "decided" });
  });

  it("and then works has its answer", async () => {
    let calls = 0;
    const results = await askSessions(
      arrivals("flaky"),
      databases,
      async ({ home }) => {
        calls += 1;
        if (calls === 1) throw Object.assign(new Error("gone"), { retryable: true });
        return { kind: "decided", database: home, outcomes: [], enlisting: null };
      },
      () => NO_RULES,
    );
    expect(results.get("flaky")).toMatchObject({ kind: "decided" });
  });
});

describe("an object that has forgotten its session", () => {
  const forgetful: CallSession = async ({ history }) =>
    history === undefined
      ? { kind: "history_needed", database: 1 }
      : { kind: "decided", database: 1, outcomes: [], enlisting: null };

  it("is called once more with what its database holds", async () => {
    const histories: unknown[] = [];
    const results = await askSessions(
      arrivals("forgot"),
      databases,
      (call) => {
        histories.push(call.history);
        return forgetful(call);
      },
      () => NO_RULES,
    );
    expect(histories).toEqual([undefined, { lastSequence: 0, openSlots: [], events: [] }]);
    expect(results.get("forgot")).toEqual({ kind: "decided", database: 1, outcomes: [], enlisting: null });
  });

  it("is left for later while that database is away", async () => {
    const results = await askSessions(arrivals("forgot"), without(1), forgetful, () => NO_RULES);
    expect(results.get("forgot")).toMatchObject({ kind: "failed", failure: "transient" });
  });

  it("is left for later where its database is not bound any more", async () => {
    const results = await askSessions(
      arrivals("lost"),
      databases,
      async () => ({
        kind: "history_needed",
        database: 9,
      }),
      () => NO_RULES,
    );
    expect(results.get("lost")).toMatchObject({ kind: "failed", failure: "overloaded" });
  });
});
