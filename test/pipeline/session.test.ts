import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { ACTIVITY_SLOT_MICROS, SESSION_OBJECT_RETENTION_MS, SESSION_QUIET_MS } from "../../src/model/limits";
import { formatTimestamp } from "../../src/model/time";
import type { AcceptAnswer, AcceptCall, Arrival, Outcome } from "../../src/pipeline/session-protocol";
import { NO_RULES } from "../../src/rules/rules";
import { eventOf } from "./harness";
import { RECEIVED_AT } from "./sample-events";

function call(session: string, arrivals: Arrival[], changes: Partial<AcceptCall> = {}): AcceptCall {
  return { session, home: 1, presence: { kind: "absent" }, arrivals, rules: NO_RULES, ...changes };
}

function arrival(session: string, id: string, changes: Record<string, unknown> = {}): Arrival {
  return { id, application: "shop", receivedAt: RECEIVED_AT, text: JSON.stringify(eventOf(session, changes)) };
}

const objectOf = (session: string) => env.SESSIONS.getByName(session);
const accept = (one: AcceptCall): Promise<AcceptAnswer> => objectOf(one.session).accept(one);
const evict = (session: string) => evictDurableObject(objectOf(session));

function outcomesOf(answer: AcceptAnswer): Outcome[] {
  if (answer.kind !== "decided") throw new Error(`the object answers ${answer.kind}`);
  return answer.outcomes;
}

const sequencesOf = (answer: AcceptAnswer) =>
  outcomesOf(answer).map((outcome) => (outcome.kind === "stored" ? outcome.sequence : outcome.kind));

/** All that the object keeps: its rows by key, and when its alarm rings. */
function storageOf(session: string) {
  return runInDurableObject(objectOf(session), async (_, { storage }) => ({
    rows: [...storage.kv.list()],
    alarm: await storage.getAlarm(),
  }));
}

describe("a session's object", () => {
  it("sets no alarm: its clean-up is a list in D1", async () => {
    await accept(call("silent", [arrival("silent", "a")]));
    expect((await storageOf("silent")).alarm).toBeNull();
  });

  it("gives the same answer after eviction", async () => {
    const one = call("evicted", [
      arrival("evicted", "a"),
      arrival("evicted", "b", { data: 7 }),
      arrival("evicted", "c"),
    ]);
    const first = outcomesOf(await accept(one));
    await evict("evicted");
    expect(outcomesOf(await accept(one))).toEqual(first.map((outcome) => ({ ...outcome, duplicate: true })));
  });

  it("writes one row for a call with something new, and nothing where all is known", async () => {
    const arrivals = ["a", "b", "c"].map((id) => arrival("frugal", id));
    await accept(call("frugal", arrivals));
    await accept(call("frugal", [...arrivals, arrival("frugal", "d"), arrival("frugal", "e", { data: null })]));
    const before = await storageOf("frugal");
    expect(before.rows.map(([key]) => key)).toEqual(["segment/000000000", "segment/000000001"]);
    await accept(call("frugal", arrivals));
    await accept(call("frugal", []));
    expect(await storageOf("frugal")).toEqual(before);
    await evict("frugal");
    await accept(call("frugal", [arrival("frugal", "e", { data: null })]));
    expect(await storageOf("frugal")).toEqual(before);
  });

  it("decides calls that come at once one after the other", async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        accept(call("busy", [arrival("busy", `${index % 10}`), arrival("busy", `own-${index}`)])),
      ),
    );
    const events = new Map(
      answers
        .flatMap(outcomesOf)
        .map((outcome, index) => [index % 2 === 0 ? `${(index / 2) % 10}` : `own-${index}`, outcome]),
    );
    const sequences = [...events.values()].map((outcome) => (outcome.kind === "stored" ? outcome.sequence : 0));
    expect(sequences.sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
  });

  it("takes whatever JSON an application may send without throwing", async () => {
    const texts = [
      "null",
      "7",
      '""',
      "[]",
      "{}",
      '{"__proto__":{"session_id":"x"}}',
      `{"0":${"[".repeat(50_000)}${"]".repeat(50_000)}}`,
    ];
    const arrivals = texts.map(
      (text, index): Arrival => ({ id: `${index}`, application: "shop", receivedAt: RECEIVED_AT, text }),
    );
    const outcomes = outcomesOf(await accept(call("hostile", arrivals)));
    expect(outcomes.map(({ kind }) => kind)).toEqual(texts.map(() => "failed"));
    await evict("hostile");
    expect(outcomesOf(await accept(call("hostile", arrivals)))).toEqual(
      outcomes.map((outcome) => ({ ...outcome, duplicate: true })),
    );
  });
});

describe("an object without state", () => {
  it("begins the session in its home where no database holds it", async () => {
    expect(await accept(call("begin", [arrival("begin", "a")]))).toMatchObject({ kind: "decided", database: 1 });
    await evict("begin");
    // The home of a session that has begun is what its object remembers, however the list of databases grows.
    expect(
      await accept(call("begin", [arrival("begin", "a")], { home: 2, presence: { kind: "unknown" } })),
    ).toMatchObject({ database: 1 });
  });

  it("decides nothing and keeps nothing while it is unknown whether the session exists", async () => {
    const one = call("unknown", [arrival("unknown", "a")], { presence: { kind: "unknown" } });
    expect(await accept(one)).toEqual({ kind: "undecided" });
    expect(await storageOf("unknown")).toEqual({ rows: [], alarm: null });
  });

  it("asks for the history of a session that a database holds, and continues it", async () => {
    const session = "returning";
    const one = call(
      session,
      [arrival(session, "old"), arrival(session, "new"), arrival(session, "old-2", { data: { other: 1 } })],
      {
        presence: { kind: "present", database: 2 },
      },
    );
    expect(await accept(one)).toEqual({ kind: "history_needed", database: 2 });
    expect(await storageOf(session)).toEqual({ rows: [], alarm: null });

    const { category, name, data, timestamp } = eventOf(session);
    const stored = {
      application: "blog",
      category,
      name,
      occurredAt: RECEIVED_AT - 1_000_000,
      receivedAt: RECEIVED_AT - 5,
      opens: true,
      data: JSON.stringify(data),
    };
    expect(formatTimestamp(stored.occurredAt)).toBe(`${timestamp.replace(" ", "T")}Z`);
    const history = {
      lastSequence: 41,
      openSlots: [Math.floor(stored.occurredAt / ACTIVITY_SLOT_MICROS)],
      events: [
        { ...stored, id: "old", sequence: 7 },
        { ...stored, id: "old-2", sequence: 8 },
      ],
    };
    const answer = await accept({ ...one, history });
    expect(answer).toMatchObject({ kind: "decided", database: 2 });
    expect(outcomesOf(answer)).toMatchObject([
      { kind: "stored", sequence: 7, application: "blog", receivedAt: RECEIVED_AT - 5, duplicate: true },
      { kind: "stored", sequence: 42, opens: false, duplicate: false },
      { kind: "failed", issues: [{ code: "id_conflict" }] },
    ]);
    await evict(session);
    expect(await accept(call(session, [arrival(session, "next")]))).toEqual({ kind: "history_needed", database: 2 });
    expect(
      sequencesOf(
        await accept(
          call(session, [arrival(session, "next")], { history: { lastSequence: 41, openSlots: [], events: [] } }),
        ),
      ),
    ).toEqual([43]);
  });
});

describe("the clean-up", () => {
  /** Sets back when the session last changed, in the row that its last call wrote. */
  async function age(session: string, ms: number): Promise<void> {
    await runInDurableObject(objectOf(session), (_, { storage }) => {
      for (const [key, text] of storage.kv.list<string>({ prefix: "segment/" })) {
        const segment: { about: object } = JSON.parse(text);
        storage.kv.put(key, JSON.stringify({ ...segment, about: { ...segment.about, changedAt: Date.now() - ms } }));
      }
    });
    await evict(session);
  }

  const enlistingOf = (answer: AcceptAnswer) => (answer.kind === "decided" ? answer.enlisting : null);

  it("is asked for with what the memory began with, however often it is called", async () => {
    const received = (id: string, later: number) => ({
      ...arrival("marked", id),
      receivedAt: RECEIVED_AT + later,
    });
    const first = call("marked", [{ ...received("bad", 0), text: "null" }, received("a", 1), received("b", 2)]);
    const enlisting = enlistingOf(await accept(first));
    expect(enlisting?.receivedAt).toBe(RECEIVED_AT + 2);
    expect(Math.abs((enlisting?.cleanUpAt ?? 0) - Date.now() - SESSION_OBJECT_RETENTION_MS)).toBeLessThan(60_000);
    expect(enlistingOf(await accept(call("marked", [received("c", 3)])))).toEqual(enlisting);
    await evict("marked");
    expect(enlistingOf(await accept(first))).toEqual(enlisting);
  });

  it("is asked for with a failure where the memory began with nothing else", async () => {
    const failing = call("marked-failure", [arrival("marked-failure", "a", { data: null })]);
    expect(enlistingOf(await accept(failing))?.receivedAt).toBe(RECEIVED_AT);
  });

  it("waits while the session is active, and takes nothing from it", async () => {
    await accept(call("active", [arrival("active", "a")]));
    await age("active", SESSION_QUIET_MS - 3_600_000);
    const again = (await objectOf("active").cleanUp()) ?? 0;
    const untilThen = again - (Date.now() + SESSION_OBJECT_RETENTION_MS - SESSION_QUIET_MS);
    expect(untilThen).toBeGreaterThan(3_500_000);
    expect(untilThen).toBeLessThan(3_700_000);
    expect((await storageOf("active")).rows).toHaveLength(1);
    expect(sequencesOf(await accept(call("active", [arrival("active", "a"), arrival("active", "b")])))).toEqual([1, 2]);
  });

  it("deletes all of a session that has been quiet for longer than a message can live", async () => {
    await accept(call("quiet", [arrival("quiet", "a")]));
    await age("quiet", SESSION_QUIET_MS + 1_000);
    expect(await objectOf("quiet").cleanUp()).toBeNull();
    expect(await objectOf("quiet").cleanUp()).toBeNull();
    expect(await storageOf("quiet")).toEqual({ rows: [], alarm: null });
    const back = call("quiet", [arrival("quiet", "b")], { presence: { kind: "present", database: 1 } });
    expect(await accept(back)).toEqual({ kind: "history_needed", database: 1 });
    const goingOn = await accept({ ...back, history: { lastSequence: 1, openSlots: [], events: [] } });
    expect(sequencesOf(goingOn)).toEqual([2]);
    expect(enlistingOf(goingOn)?.receivedAt).toBe(RECEIVED_AT);
  });

  it("comes by the alarm that objects set before there was a list", async () => {
    await accept(call("alarmed", [arrival("alarmed", "a")]));
    await runInDurableObject(objectOf("alarmed"), (_, { storage }) => storage.setAlarm(Date.now() + 3_600_000));
    expect(await runDurableObjectAlarm(objectOf("alarmed"))).toBe(true);
    expect(await storageOf("alarmed")).toMatchObject({ rows: [{}], alarm: expect.any(Number) });
    await age("alarmed", SESSION_QUIET_MS + 1_000);
    expect(await runDurableObjectAlarm(objectOf("alarmed"))).toBe(true);
    expect(await storageOf("alarmed")).toEqual({ rows: [], alarm: null });
  });
});

describe("a session of more events than the object keeps in memory", () => {
  const session = "long";
  const calls = Array.from({ length: 6 }, (_, part) =>
    call(
      session,
      Array.from({ length: 2_000 }, (_, index) =>
        arrival(session, `${part}-${index}`, index % 50 === 0 ? { data: index } : {}),
      ),
    ),
  );

  it("knows each of them again, before and after eviction, and goes on", { timeout: 30_000 }, async () => {
    const answers: Outcome[][] = [];
    for (const one of calls) answers.push(outcomesOf(await accept(one)));
    const { rows } = await storageOf(session);
    expect(rows.map(([key]) => key)).toContain("about");
    expect(rows.length).toBeLessThan(10);
    const again = async () => {
      for (const [index, one] of calls.entries()) {
        expect(outcomesOf(await accept(one))).toEqual(
          answers[index]?.map((outcome) => ({ ...outcome, duplicate: true })),
        );
      }
    };
    await again();
    await evict(session);
    await again();
    const [next] = outcomesOf(await accept(call(session, [arrival(session, "next")])));
    expect(next).toMatchObject({ kind: "stored", sequence: 6 * 1_960 + 1, opens: false, duplicate: false });
  });

  it("leaves nothing behind when it is cleaned up", async () => {
    await runInDurableObject(objectOf(session), (_, { storage }) => {
      for (const key of [...storage.kv.list()].map(([name]) => name)) {
        if (!key.startsWith("segment/")) continue;
        const segment: { about: object } = JSON.parse(String(storage.kv.get(key)));
        storage.kv.put(key, JSON.stringify({ ...segment, about: { ...segment.about, changedAt: 0 } }));
      }
      const about = storage.kv.get<object>("about");
      if (about !== undefined) {
        storage.kv.put("about", { ...about, changedAt: 0 });
      }
    });
    await evict(session);
    expect(await objectOf(session).cleanUp()).toBeNull();
    expect(await storageOf(session)).toEqual({ rows: [], alarm: null });
    const one = call(session, [arrival(session, "0-1")]);
    expect(sequencesOf(await accept(one))).toEqual([1]);
  });
});
