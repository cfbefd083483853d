import { describe, expect, it } from "vitest";
import { ACTIVITY_SLOT_MICROS } from "../../src/model/limits";
import { formatTimestamp } from "../../src/model/time";
import type { Arrival } from "../../src/pipeline/session-protocol";
import { acceptAll, arrival, call, evict, NOTHING, outcomesOf, sequencesOf, sessionsOfGroup } from "./group-calls";
import { acceptOne as accept, eventOf } from "./harness";
import { RECEIVED_AT } from "./sample-events";

describe("a group", () => {
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

describe("a session that its group does not remember", () => {
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
    expect(await accept({ ...one, presence: { kind: "absent" } })).toMatchObject({ kind: "decided" });
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
    const needed = { kind: "history_needed", database: 2 };
    expect(await accept(one)).toMatchObject(needed);
    expect(await accept(one)).toMatchObject(needed);

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
      summary: {
        lastSequence: 41,
        openSlots: [Math.floor(stored.occurredAt / ACTIVITY_SLOT_MICROS)],
        until: stored.occurredAt,
      },
      events: [
        { ...stored, id: "old", sequence: 7 },
        { ...stored, id: "old-2", sequence: 8 },
      ],
      failures: [],
    };
    const answer = await accept({ ...one, history });
    expect(answer).toMatchObject({ kind: "decided", database: 2 });
    expect(outcomesOf(answer)).toMatchObject([
      { kind: "stored", sequence: 7, application: "blog", receivedAt: RECEIVED_AT - 5, duplicate: true },
      { kind: "stored", sequence: 42, opens: false, duplicate: false },
      { kind: "failed", issues: [{ code: "id_conflict" }] },
    ]);
    await evict(session);
    expect(await accept(call(session, [arrival(session, "next")]))).toMatchObject({
      ...needed,
      until: stored.occurredAt,
    });
    // Of what occurred until then it is told of the arrivals alone; the rest it knows.
    const history2 = { summary: null, events: [], failures: [] };
    const next = outcomesOf(await accept(call(session, [arrival(session, "next")], { history: history2 })));
    expect(next).toMatchObject([{ kind: "stored", sequence: 43, opens: false }]);
  });

  it("is asked about as a whole again where it was forgotten while D1 told of a part", async () => {
    const session = "forgotten meanwhile";
    const present = { presence: { kind: "present", database: 0 } } as const;
    const partly = { history: { summary: null, events: [], failures: [] } };
    const one = call(session, [arrival(session, "new")], present);
    expect(await accept({ ...one, ...partly })).toMatchObject({ kind: "history_needed", until: null });
    const whole = { history: { ...partly.history, summary: { ...NOTHING, lastSequence: 5 } } };
    expect(sequencesOf(await accept({ ...one, ...whole }))).toEqual([6]);
  });

  it("keeps the verdict that an error of it tells of, whatever the rules say by now", async () => {
    const session = "failed-before";
    const one = call(session, [arrival(session, "a", { data: 7 }), arrival(session, "b")], {
      presence: { kind: "present", database: 0 },
    });
    const asked = await accept(one);
    if (asked.kind !== "history_needed") throw new Error(`the group answers ${asked.kind}`);
    expect(asked.errorIds).toHaveLength(2);
    const issues = [{ code: "category_invalid" as const, path: "/category", message: "as it was" }];
    const failure = { errorId: asked.errorIds[0] ?? "", receivedAt: RECEIVED_AT - 9, application: "blog", issues };
    const history = { summary: NOTHING, events: [], failures: [failure] };
    expect(outcomesOf(await accept({ ...one, history }))).toMatchObject([
      { kind: "failed", ...failure, duplicate: true },
      { kind: "stored", sequence: 1, duplicate: false },
    ]);
  });
});

describe("a session at fault", () => {
  it("hurts no other of its group", async () => {
    const [sick = "", well = ""] = sessionsOfGroup(12, 2);
    const broken = { ...arrival(sick, "a"), text: "no JSON" };
    const [first, second] = await acceptAll([call(sick, [broken]), call(well, [arrival(well, "a")])]);
    expect(first).toMatchObject({ kind: "broken" });
    expect(sequencesOf(second)).toEqual([1]);
    expect(sequencesOf(await accept(call(sick, [arrival(sick, "a")])))).toEqual([1]);
  });
});
