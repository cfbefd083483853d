import { evictDurableObject, listDurableObjectIds, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { NO_RULES } from "../../src/rules/rules";
import type { IncomingEvent, SeenEvent } from "../../src/session/session-protocol";

const RECEIVED_AT = 1_609_492_600_000_000;
const OCCURRED_AT = 1_609_492_500_000_000;

function incoming(session: string, id: string, changes: Record<string, unknown> = {}): IncomingEvent {
  const event = { session_id: session, category: "page", name: "view", data: {}, timestamp: 1_609_492_500, ...changes };
  return { id, application: "shop", receivedAt: RECEIVED_AT, text: JSON.stringify(event) };
}

async function accept(session: string, incomingEvents: IncomingEvent[]) {
  const call = { incomingEvents, epochs: [{ since: 0, rules: NO_RULES }] };
  return (await env.SESSIONS.getByName(session).accept(call)).outcomes;
}

async function recall(session: string, id: string): Promise<SeenEvent[]> {
  return env.SESSIONS.getByName(session).recall(id);
}

describe("a session's object", () => {
  it("decides independently of earlier events, except for its hint of what is new", async () => {
    const incomingEvents = [
      incoming("forgets", "a"),
      incoming("forgets", "b", { data: null }),
      incoming("forgets", "a", { data: { other: 1 } }),
      incoming("forgets", "c"),
      incoming("forgets", "c"),
    ];
    const first = await accept("forgets", incomingEvents);
    const again = await accept("forgets", incomingEvents);
    await evictDurableObject(env.SESSIONS.getByName("forgets"));
    const afterwards = await accept("forgets", incomingEvents);
    const withoutHint = (outcomes: typeof first) => outcomes.map((outcome) => ({ ...outcome, isNew: null }));
    expect(withoutHint(again)).toEqual(withoutHint(first));
    expect(afterwards).toEqual(first);
    const hintsOf = (outcomes: typeof first) =>
      outcomes.flatMap((outcome) => (outcome.kind === "valid" ? [[outcome.place, outcome.isNew]] : []));
    expect(hintsOf(first)).toEqual([
      [0, true],
      [2, false],
      [3, true],
    ]);
    expect(hintsOf(again)).toEqual([
      [0, false],
      [2, false],
      [3, false],
    ]);
  });

  it("recognises an event by its id and timestamp, whatever application sends it", async () => {
    await accept("applications", [incoming("applications", "a")]);
    const fromAnother = { ...incoming("applications", "a"), application: "blog" };
    const atAnotherMoment = incoming("applications", "a", { timestamp: 1_609_492_501 });
    expect(await accept("applications", [fromAnother, atAnotherMoment])).toMatchObject([
      { place: 0, kind: "valid", isNew: false },
      { place: 1, kind: "valid", isNew: true },
    ]);
  });

  it("puts the events of all applications in one order", async () => {
    const draft = (id: string, application: string, timestamp: number) => ({
      ...incoming("mixed", id, { timestamp }),
      application,
    });
    const outcomes = await accept("mixed", [
      draft("a", "shop", 1_609_492_503),
      draft("b", "blog", 1_609_492_501),
      draft("c", "shop", 1_609_492_502),
    ]);
    expect(outcomes.map(({ place }) => place)).toEqual([1, 2, 0]);
  });

  it("recalls the events with an id, and whether they had more than one receipt", async () => {
    await accept("recalls", [incoming("recalls", "a"), incoming("recalls", "b", { data: null })]);
    expect(await recall("recalls", "a")).toEqual([{ occurredAt: OCCURRED_AT, isRepeated: false }]);
    expect(await recall("recalls", "b")).toEqual([]);
    // A redelivery by the platform keeps the receipt.
    await accept("recalls", [incoming("recalls", "a")]);
    expect(await recall("recalls", "a")).toEqual([{ occurredAt: OCCURRED_AT, isRepeated: false }]);
    await accept("recalls", [{ ...incoming("recalls", "a"), receivedAt: RECEIVED_AT + 1 }]);
    await accept("recalls", [incoming("recalls", "a", { timestamp: 1_609_492_501 })]);
    expect(await recall("recalls", "a")).toEqual([
      { occurredAt: OCCURRED_AT, isRepeated: true },
      { occurredAt: OCCURRED_AT + 1_000_000, isRepeated: false },
    ]);
  });

  it("remembers the last thousand events and treats an older one as new", async () => {
    const many = Array.from({ length: 1_001 }, (_, n) => incoming("many", `id-${n}`));
    await accept("many", many);
    expect(await recall("many", "id-0")).toEqual([]);
    expect(await accept("many", many.slice(1, 2))).toMatchObject([{ isNew: false }]);
    expect(await accept("many", many.slice(0, 1))).toMatchObject([{ isNew: true }]);
  });

  it("never throws, whatever an application sends", async () => {
    const texts = ["null", "7", '"text"', "[]", "{}", `{"data":${"[".repeat(5_000)}${"]".repeat(5_000)}}`];
    const outcomes = await accept(
      "anything",
      texts.map((text, n) => ({ ...incoming("anything", `${n}`), text })),
    );
    expect(outcomes.map(({ kind }) => kind)).toEqual(texts.map(() => "failed"));
    expect(await accept("anything", [])).toEqual([]);
  });

  it("stores nothing and sets no alarm", async () => {
    await accept("stores-nothing", [incoming("stores-nothing", "a"), incoming("stores-nothing", "b", { data: null })]);
    await recall("stores-nothing", "a");
    const ids = await listDurableObjectIds(env.SESSIONS);
    expect(ids.length).toBeGreaterThan(0);
    for (const id of ids) {
      await runInDurableObject(env.SESSIONS.get(id), async (_, { storage }) => {
        expect((await storage.list()).size).toBe(0);
        expect(await storage.getAlarm()).toBeNull();
        const tables = storage.sql.exec<{ name: string }>("SELECT name FROM sqlite_master").toArray();
        expect(tables.filter(({ name }) => !name.startsWith("_cf"))).toEqual([]);
      });
    }
  });
});
