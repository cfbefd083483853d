import { describe, expect, it } from "vitest";
import type { CallSession } from "../../src/pipeline/call-sessions";
import { consume } from "../../src/pipeline/consumer";
import type { Write } from "../../src/pipeline/write-groups";
import { writeBatch } from "../../src/storage/write/write-batch";
import {
  alwaysInForce,
  batchOf,
  databaseOfSession,
  envelopeOf,
  eventOf,
  pipelineWith,
  storedErrors,
  storedEvents,
} from "./harness";
import { OCCURRED_AT, RECEIVED_AT, SAMPLE_EVENTS, SESSION } from "./sample-events";

const named = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}-${n}`);

describe("a batch", () => {
  it("of three events with one timestamp stores them in the order of their receipt", async () => {
    const events = SAMPLE_EVENTS.map((event, n): [string, unknown] => [`sample-${n}`, event]);
    const { batch, acked } = batchOf([envelopeOf(events)]);
    await consume(batch, pipelineWith());
    expect(acked).toEqual([0]);
    const database = await databaseOfSession(SESSION);
    expect(await storedEvents(SESSION)).toMatchObject(
      SAMPLE_EVENTS.map(({ category, name, data }, n) => ({
        ...{ id: `sample-${n}`, application: "shop", category, name, data: JSON.stringify(data), database },
        ...{ occurred_at: OCCURRED_AT, received_at: RECEIVED_AT + n, context: null, extra: null, visitor: null },
      })),
    );
  });

  it("keeps every member of an event as sent", async () => {
    const changes = {
      visitor_id: "e2085be5-9137-4e4e-80b5-f1ffddc25423",
      context: { sdk: { name: "web", "": [1, null] }, sent_at: "é\u0000\ud83d\ude00" },
      data: { b: 1, a: 1e300, text: 'quoted "\\' },
      anonymousId: [true],
      received_at: "the client's own",
    };
    await consume(batchOf([envelopeOf([["whole", eventOf("whole", changes)]])]).batch, pipelineWith());
    const { visitor_id: visitor, context, data, anonymousId, received_at } = changes;
    expect(await storedEvents("whole")).toMatchObject([
      {
        visitor,
        context: JSON.stringify(context),
        data: JSON.stringify(data),
        extra: JSON.stringify({ anonymousId, received_at }),
      },
    ]);
  });

  it("with two copies of a message stores its events once and acknowledges both", async () => {
    const body = envelopeOf([
      ["a", eventOf("copies")],
      ["b", eventOf("copies", { data: null })],
      ["c", 7],
    ]);
    const { batch, acked } = batchOf([body, body]);
    await consume(batch, pipelineWith());
    expect(acked).toEqual([0, 1]);
    expect((await storedEvents("copies")).map(({ id }) => id)).toEqual(["a"]);
    expect((await storedErrors(["b", "c"])).map(({ event_id, codes }) => [event_id, codes]).sort()).toEqual([
      ["b", ["data_invalid"]],
      ["c", ["event_invalid"]],
    ]);
  });

  it("without messages or events does nothing", async () => {
    const { batch, acked } = batchOf([envelopeOf([])]);
    const write = () => Promise.reject(new Error("nothing to write"));
    await consume(batch, pipelineWith({ write }));
    await consume(batchOf([]).batch, pipelineWith({ write }));
    expect(acked).toEqual([0]);
  });

  it("stores malformed messages of any form as errors and processes their neighbours", async () => {
    const { batch, acked } = batchOf(["malformed", null, Uint8Array.of(0, 255).buffer, "{}", "not this one"]);
    const objects = batchOf([{ v: 99, application: "shop" }, envelopeOf([["beside", eventOf("neighbour")]])]);
    const messages = [...batch.messages.slice(0, 4), ...objects.batch.messages].map((message, n) => ({
      ...message,
      id: `malformed-${n}`,
      // Older deployments sent objects instead of text.
      body: n < 4 ? message.body : JSON.parse(String(message.body)),
    }));
    await consume({ ...batch, messages }, pipelineWith());
    expect([acked, objects.acked]).toEqual([
      [0, 1, 2, 3],
      [0, 1],
    ]);
    expect(await storedEvents("neighbour")).toHaveLength(1);
    const errors = await storedErrors(messages.map(({ id }) => id));
    expect(errors.every(({ codes }) => codes.join() === "delivery_failed")).toBe(true);
    expect(errors.map(({ event_id, content }) => [event_id, content]).sort()).toEqual([
      ["malformed-0", '"malformed"'],
      ["malformed-1", "null"],
      ["malformed-2", '{"base64":"AP8="}'],
      ["malformed-3", "{}"],
      ["malformed-4", '{"v":99,"application":"shop"}'],
    ]);
  });

  it("stores events with numbers beyond the range of a double, valid or not, beside their neighbours", async () => {
    const schema = JSON.stringify({ properties: { price: { multipleOf: 0.01 } } });
    const type = { category: "c", name: "n", version: 1, mode: "accept", schema, schema_mode: "enforce" } as const;
    const rules = alwaysInForce({ unregistered: "accept", types: [type] });
    const texts = ['"z":1e400,"a":1', '"price":1e400,"a":-1e999', `"price":1${"0".repeat(400)}`].flatMap((data, n) => [
      `{"session_id":"huge","category":"c","name":"n","timestamp":"2021-01-01 08:00:00","data":{${data}},"id":"e${n}"}`,
      `{"session_id":"huge","category":"other","name":"n","timestamp":"2021-01-01 08:00:00","data":{${data}},"id":"e${n}"}`,
      `{"session_id":"huge","category":"c","name":"n","timestamp":1e400,"data":{${data}}}`,
      `{"category":"c","name":"n","timestamp":"2021-01-01 08:00:00","data":{${data}}}`,
    ]);
    const envelope = envelopeOf(texts.map((_, n) => [`huge-${n}`, `event ${n}`]));
    const body = texts.reduce((all, text, n) => all.replace(`"event ${n}"`, text), JSON.stringify(envelope));
    const { batch, acked } = batchOf([body, envelopeOf([["beside", eventOf("beside the huge")]])]);
    await consume(batch, pipelineWith({ rules: async () => rules }));
    expect(acked).toEqual([0, 1]);
    expect(await storedEvents("beside the huge")).toHaveLength(1);
    expect((await storedEvents("huge")).length).toBeGreaterThan(0);
  });

  it("writes one log line without payloads", async () => {
    const lines: Record<string, unknown>[] = [];
    const body = envelopeOf([
      ["a", eventOf("logged", { data: { secret: "S3cret" } })],
      ["b", eventOf("logged", { data: "S3cret" })],
    ]);
    await consume(batchOf([body, body]).batch, pipelineWith({ log: (line) => lines.push(line) }));
    expect(lines).toMatchObject([
      {
        ...{ log: "batch", messages: 2, events: 4, sessions: 1, stored: 1, duplicates: 1 },
        ...{ retried: 0, dead_letters: 0, reasons: [] },
      },
    ]);
    expect(JSON.stringify(lines)).not.toContain("S3cret");
  });

  it("counts only what was written in its log line", async () => {
    const lines: Record<string, unknown>[] = [];
    const bodies = ["counted-a", "counted-b"].map((session) =>
      envelopeOf([
        [session, eventOf(session)],
        [`${session}-bad`, eventOf(session, { data: 7 })],
      ]),
    );
    const write: Write = async (database, rows, mayHold) => {
      const sessions = rows.events.flatMap((lane) => lane.rows.map(({ session }) => session));
      if (sessions.includes("counted-a")) throw new Error("D1_ERROR: D1 DB is overloaded.");
      return writeBatch(database, rows, mayHold);
    };
    const [first, second] = [await databaseOfSession("counted-a"), await databaseOfSession("counted-b")];
    await consume(batchOf(bodies).batch, pipelineWith({ write, log: (line) => lines.push(line) }));
    const written = first === second ? 0 : 1;
    expect(lines).toMatchObject([{ events: 4, stored: written, failed: written, retried: 2 - written }]);
  });
});

describe("acknowledgement", () => {
  it("comes after every commit", async () => {
    const happened: string[] = [];
    const { batch } = batchOf(
      named("order", 30).map((session) => envelopeOf([["a", eventOf(session)]])),
      { happened: (what) => happened.push(what) },
    );
    const write: Write = async (database, rows, mayHold) => {
      const result = await writeBatch(database, rows, mayHold);
      happened.push(`commit ${database.index}`);
      return result;
    };
    await consume(batch, pipelineWith({ write }));
    expect(happened.slice(0, 3).sort()).toEqual(["commit 0", "commit 1", "commit 2"]);
    expect(happened.slice(3)).toEqual(batch.messages.map((_, place) => `ack ${place}`));
  });

  it("waits until the dead letters have stored a message, and leaves all after it if they refuse", async () => {
    const bodies = ["dead-a", "dead-b"].map((session) => envelopeOf([[session, eventOf(session)]]));
    const failing: CallSession = () => Promise.reject(new Error("a bug"));
    const sent: unknown[] = [];
    const first = batchOf(bodies, { attempts: 5, happened: (what) => sent.push(what) });
    const sendDeadLetter = async (body: unknown) => void sent.push(body);
    await consume(first.batch, pipelineWith({ callSession: failing, sendDeadLetter }));
    expect(sent).toEqual([JSON.stringify(bodies[0]), "ack 0", JSON.stringify(bodies[1]), "ack 1"]);
    const second = batchOf(bodies, { attempts: 5 });
    await expect(consume(second.batch, pipelineWith({ callSession: failing }))).rejects.toThrow(
      "no dead letter was expected",
    );
    expect(second.acked).toEqual([]);
  });
});
