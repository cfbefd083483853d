import { describe, expect, it } from "vitest";
import { groupOf } from "../../src/model/session-groups";
import { askSessions, type CallGroup } from "../../src/pipeline/ask-sessions";
import type { AcceptAnswer, AcceptCall, Arrival } from "../../src/pipeline/session-protocol";
import { candidateDatabases, type Database } from "../../src/storage/databases";
import { errorRow, eventRow, store } from "../storage/seed";
import { databases, eachSession, eventOf, NO_EPOCHS } from "./harness";
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

const decided = (database: number): AcceptAnswer => ({ kind: "decided", database, outcomes: [] });

/** Groups that decide nothing and keep the calls. */
function recorder() {
  const calls: AcceptCall[] = [];
  const callGroup = eachSession(async (call) => {
    calls.push(call);
    return decided(call.home);
  });
  return { calls, callGroup };
}

describe("what a group is told of a session", () => {
  const session = sessionAmong([0, 1, 2]);

  it("is that no database holds it, and where it would live", async () => {
    const { calls, callGroup } = recorder();
    await askSessions(arrivals(session), databases, callGroup, () => NO_EPOCHS);
    expect(calls).toMatchObject([{ session, home: 2, presence: { kind: "absent" } }]);
  });

  it("is where it lives, though its home would be elsewhere today, or a database is away", async () => {
    const [, second] = databases;
    if (second === undefined) throw new Error("three databases are bound");
    const old = sessionAmong([0, 1, 2], "old");
    await store([{ ...second, index: 0 }], { events: [eventRow({ session: old })] });
    for (const some of [databases, without(0), without(2)]) {
      const { calls, callGroup } = recorder();
      await askSessions(arrivals(old), some, callGroup, () => NO_EPOCHS);
      expect(calls.map(({ presence }) => presence)).toEqual([{ kind: "present", database: 1 }]);
    }
  });

  it("is that it is unknown while a database that may hold it is away", async () => {
    const { calls, callGroup } = recorder();
    await askSessions(arrivals(session, sessionAmong([0, 1])), without(2), callGroup, () => NO_EPOCHS);
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
      arrivals("bad"),
      databases,
      (_group, { calls: own }) => {
        calls.push(...own.map(({ session }) => session));
        return Promise.reject(thrown);
      },
      () => NO_EPOCHS,
    );
    expect(calls).toEqual(Array.from({ length: tries }, () => "bad"));
    expect(results.get("bad")).toEqual({ kind: "failed", failure, reason: thrown.message, waitsForDatabase: false });
  });

  it("and then works has its answer", async () => {
    let calls = 0;
    const callGroup: CallGroup = async (_group, { calls: own }) => {
      calls += 1;
      if (calls === 1) throw Object.assign(new Error("gone"), { retryable: true });
      return own.map(({ home }) => decided(home));
    };
    const results = await askSessions(arrivals("flaky"), databases, callGroup, () => NO_EPOCHS);
    expect(results.get("flaky")).toMatchObject({ kind: "decided" });
  });

  const together = Array.from({ length: 2_000 }, (_, index) => `member-${index}`)
    .filter((session) => groupOf(session) === groupOf("member-0"))
    .slice(0, 60);

  it("because of one session hurts no other of its group, at a bounded number of calls", async () => {
    const sizes: number[] = [];
    const callGroup: CallGroup = async (_group, { calls: own }) => {
      sizes.push(own.length);
      if (own.some(({ session }) => session === together[17])) throw new Error("a bug");
      return own.map(({ home }) => decided(home));
    };
    const results = await askSessions(arrivals(...together), databases, callGroup, () => NO_EPOCHS);
    expect([...results].filter(([, { kind }]) => kind !== "decided")).toEqual([
      [together[17], { kind: "failed", failure: "rejected", reason: "a bug", waitsForDatabase: false }],
    ]);
    expect(results.size).toBe(60);
    expect(sizes.length).toBeLessThanOrEqual(13);
  });

  it("because of all of them spends a bounded number of calls, and leaves none without an answer", async () => {
    const many = Array.from({ length: 9_000 }, (_, index) => `many-${index}`)
      .filter((session) => groupOf(session) === groupOf("many-0"))
      .slice(0, 500);
    let calls = 0;
    const callGroup: CallGroup = () => {
      calls += 1;
      return Promise.reject(new Error("a bug"));
    };
    const results = await askSessions(arrivals(...many), databases, callGroup, () => NO_EPOCHS);
    expect(calls).toBeLessThanOrEqual(70);
    expect(results.size).toBe(500);
    expect([...results.values()].every(({ kind }) => kind === "failed")).toBe(true);
  });

  it("because the group is overloaded is not made again in parts", async () => {
    let calls = 0;
    const callGroup: CallGroup = () => {
      calls += 1;
      return Promise.reject(Object.assign(new Error("busy"), { overloaded: true }));
    };
    const results = await askSessions(arrivals(...together), databases, callGroup, () => NO_EPOCHS);
    expect([calls, results.size]).toEqual([1, 60]);
    expect(results.get("member-0")).toMatchObject({ kind: "failed", failure: "overloaded" });
  });

  it("is made once for all sessions of a group, with the rules that these need", async () => {
    const asked: string[][] = [];
    const rulesFor = (sessions: string[]) => {
      asked.push(sessions);
      return NO_EPOCHS;
    };
    const { calls, callGroup } = recorder();
    await askSessions(arrivals(...together), databases, callGroup, rulesFor);
    expect(asked).toEqual([together]);
    expect(calls.map(({ session }) => session)).toEqual(together);
  });

  it("that one session alone is to blame for, by the group's own word, leaves the others decided", async () => {
    const callGroup = eachSession(async ({ session, home }) =>
      session === "member-0" ? { kind: "broken", reason: "a bug" } : decided(home),
    );
    const results = await askSessions(arrivals(...together.slice(0, 2)), databases, callGroup, () => NO_EPOCHS);
    expect([...results.values()]).toEqual([
      { kind: "failed", failure: "rejected", reason: "a bug", waitsForDatabase: false },
      expect.objectContaining({ kind: "decided" }),
    ]);
  });
});

describe("a session that its group does not remember", () => {
  const forgetful = eachSession(async ({ history }) =>
    history === undefined ? { kind: "history_needed", database: 1, errorIds: [], until: null } : decided(1),
  );

  it("is asked about once more with what its database holds", async () => {
    const histories: unknown[] = [];
    const results = await askSessions(
      arrivals("forgot"),
      databases,
      (group, call) => {
        histories.push(...call.calls.map(({ history }) => history));
        return forgetful(group, call);
      },
      () => NO_EPOCHS,
    );
    expect(histories).toEqual([
      undefined,
      { summary: { lastSequence: 0, openSlots: [], until: 0 }, events: [], failures: [] },
    ]);
    expect(results.get("forgot")).toEqual(decided(1));
  });

  it("is asked about again where it was forgotten meanwhile", async () => {
    const asked: unknown[] = [];
    const callGroup = eachSession(async ({ history }) => {
      asked.push(history?.summary);
      const until = history === undefined ? 7 : null;
      return asked.length < 3 ? { kind: "history_needed", database: 1, errorIds: [], until } : decided(1);
    });
    const results = await askSessions(arrivals("forgot"), databases, callGroup, () => NO_EPOCHS);
    expect(asked).toEqual([undefined, null, { lastSequence: 0, openSlots: [], until: 0 }]);
    expect(results.get("forgot")).toEqual(decided(1));
  });

  it("is left for later while that database is away", async () => {
    const results = await askSessions(arrivals("forgot"), without(1), forgetful, () => NO_EPOCHS);
    expect(results.get("forgot")).toMatchObject({ kind: "failed", failure: "transient" });
  });

  it("is left for later where its database is not bound any more", async () => {
    const nowhere = eachSession(async () => ({ kind: "history_needed", database: 9, errorIds: [], until: null }));
    const results = await askSessions(arrivals("lost"), databases, nowhere, () => NO_EPOCHS);
    expect(results.get("lost")).toMatchObject({ kind: "failed", failure: "overloaded" });
  });

  it("lives where its failures are, if nothing else of it is stored, but not while an event may be elsewhere", async () => {
    const failed = sessionAmong([0, 1, 2], "failed");
    const [, second] = databases;
    if (second === undefined) throw new Error("three databases are bound");
    await store([{ ...second, index: 0 }], { errors: [errorRow({ id: "of-failed", session: failed })] });
    for (const [some, presence] of [
      [databases, { kind: "present", database: 1 }],
      [without(0), { kind: "unknown" }],
    ] as const) {
      const { calls, callGroup } = recorder();
      await askSessions(arrivals(failed), some, callGroup, () => NO_EPOCHS);
      expect(calls.map((call) => call.presence)).toEqual([presence]);
    }
  });
});
