import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PartEnvelope } from "../../src/model/envelope";
import { eventIdOf } from "../../src/model/event/event-id";
import {
  type OpenedMessage,
  openMessage,
  type QueuedMessage,
  readMessage,
  receiptsOf,
} from "../../src/pipeline/read-message";
import { NO_RULES } from "../../src/rules/rules";
import { alwaysInForce, envelopeOf, eventOf } from "./harness";
import { OCCURRED_AT, RECEIVED_AT } from "./sample-events";

const QUEUED = new Date(RECEIVED_AT / 1_000 + 5);
const QUEUED_AT = QUEUED.getTime() * 1_000;
const TERMS = { futureToleranceMicros: 60_000_000, rules: alwaysInForce(NO_RULES) };

/** Opens a message with this body as the queue delivers it. */
function open(body: unknown, message: Partial<QueuedMessage> = {}): OpenedMessage {
  return openMessage(readMessage({ body, timestamp: QUEUED, id: "message-1", ...message }), TERMS);
}

/** Opens an envelope as the edge sends it: as JSON text. */
function openText(body: unknown, message: Partial<QueuedMessage> = {}): OpenedMessage {
  return open(JSON.stringify(body), message);
}

describe("an envelope", () => {
  const anyEvent = fc.oneof(
    fc.jsonValue(),
    fc.record({ session_id: fc.oneof(fc.string(), fc.constantFrom("s", "null", 7, null)), data: fc.jsonValue() }),
  );

  it("returns every event once: for its session, or as an error with its whole content", () => {
    fc.assert(
      fc.property(fc.array(anyEvent), (events) => {
        const opened = openText(envelopeOf(events.map((event, index) => [`id-${index}`, event])));
        const texts = [
          ...opened.incomingEvents.map(({ incoming }) => [incoming.id, incoming.text, incoming.receivedAt]),
          ...opened.errors.map(({ row }) => [row.eventId, row.content, row.receivedAt]),
        ];
        const sent = events.map((event, index) => [`id-${index}`, JSON.stringify(event), RECEIVED_AT + index]);
        expect(texts.toSorted()).toEqual(sent.toSorted());
        expect(opened.errors.every(({ row }) => row.issues.length > 0)).toBe(true);
        expect(new Set(opened.errors.map(({ row }) => row.id)).size).toBe(opened.errors.length);
      }),
    );
  });

  it("returns the events of a whole request like single events, with the ids that the edge returned", () => {
    const id = "e2085be5-9137-8e4e-80b5-f1ffddc20000";
    fc.assert(
      fc.property(fc.array(anyEvent), fc.nat(), (events, own) => {
        const withOwn = events.map((event, place) => (place === own % 5 ? { ...eventOf("s"), id: "own" } : event));
        const entries = withOwn.map((event, place): [string, unknown] => [eventIdOf(event, id, place), event]);
        const request = { v: 1, application: "shop", received_at: RECEIVED_AT, request: { id, events: withOwn } };
        expect(openText(request)).toEqual(openText(envelopeOf(entries)));
      }),
    );
    expect([{ id: "own" }, {}, { id: "" }, 7].map((event, place) => eventIdOf(event, id, place + 30))).toEqual([
      ...["own", "e2085be5-9137-8e4e-80b5-f1ffddc2001f"],
      ...["e2085be5-9137-8e4e-80b5-f1ffddc20020", "e2085be5-9137-8e4e-80b5-f1ffddc20021"],
    ]);
  });

  it("returns the same rows on every delivery", () => {
    const envelope = envelopeOf([
      ["a", 7],
      ["b", eventOf("null")],
    ]);
    expect(openText(envelope, { timestamp: new Date(0), id: "message-2" })).toEqual(openText(envelope));
  });

  it("returns the same for an object as for text", () => {
    const envelope = envelopeOf([
      ["a", eventOf("s")],
      ["b", null],
    ]);
    expect(open(envelope)).toEqual(openText(envelope));
  });

  it("without events returns nothing", () => {
    expect(openText(envelopeOf([]))).toEqual({ incomingEvents: [], errors: [] });
  });

  it("places an error by its timestamp, or by its receipt if that cannot be read or lies in the future", () => {
    const timestamps = ["2021-01-01 09:15:27.243860", "never", "2999-01-01 00:00:00"];
    const opened = openText(envelopeOf(timestamps.map((timestamp, n) => [`${n}`, eventOf("null", { timestamp })])));
    expect(opened.errors.map(({ moment }) => moment)).toEqual([OCCURRED_AT, RECEIVED_AT + 1, RECEIVED_AT + 2]);
  });

  it("separates errors with one id and no session by their members and applications", () => {
    const errorsOf = (event: unknown, application: string) =>
      openText(envelopeOf([["1", event]], { application })).errors;
    const errors = [
      ...errorsOf({ note: "a" }, "shop"),
      ...errorsOf({ note: "b" }, "shop"),
      ...errorsOf({ note: "a" }, "blog"),
      ...errorsOf({ note: "a", session_id: "null" }, "shop"),
    ];
    expect(new Set(errors.map(({ row }) => row.id)).size).toBe(4);
  });

  it("fills an error's columns with the members that are valid texts", () => {
    const event = { session_id: "x".repeat(129), category: "\ud800", name: "n", data: {} };
    const [error] = openText(envelopeOf([["a", event]])).errors;
    expect(error?.row).toMatchObject({
      application: "shop",
      session: null,
      category: null,
      name: "n",
      eventId: "a",
      parts: 0,
    });
  });

  it("may contain an event nested as deeply as JSON.parse accepts", () => {
    const deep = `{"0":${"[".repeat(50_000)}${"]".repeat(50_000)}}`;
    const text = JSON.stringify(
      envelopeOf([
        ["a", "A"],
        ["b", eventOf("s", { data: "B" })],
      ]),
    );
    const opened = open(text.replace('"A"', deep).replace('"B"', deep));
    expect(opened.errors.map(({ row }) => row)).toMatchObject([
      { content: deep, issues: expect.arrayContaining([expect.objectContaining({ code: "event_too_large" })]) },
    ]);
    expect(opened.incomingEvents[0]?.incoming.text).toContain(deep);
  });
});

describe("the times of receipt of a message", () => {
  const receipts = (body: unknown) => receiptsOf(readMessage({ body, timestamp: QUEUED, id: "m" }));

  it("are those of its events", () => {
    const events: [string, unknown][] = ["a", "b", "c"].map((id) => [id, eventOf("s")]);
    expect(receipts(envelopeOf(events))).toEqual([0, 1, 2].map((position) => RECEIVED_AT + position));
  });

  it("are none if it has nothing to validate", () => {
    expect(receipts("malformed")).toEqual([]);
  });
});

describe("a message that is not an envelope of version 1", () => {
  const valid = envelopeOf([["a", eventOf("s")]]);
  const { application: _application, ...nameless } = valid;

  const bodies: [string, unknown][] = [
    ["a text", "x".repeat(100_000)],
    ["a number", 7],
    ["null", null],
    ["an array", [valid]],
    ["an empty object", {}],
    ["a future version", { ...valid, v: 99 }],
    ["no version", { ...valid, v: undefined }],
    ["no application", nameless],
    ["a receipt that is not a whole number", { ...valid, received_at: 1.5 }],
    ["a receipt before 1970", { ...valid, received_at: -1 }],
    ["an event without an id", { ...valid, events: [{ position: 0, event: {} }] }],
    ["an event without its position", { ...valid, events: [{ id: "a", event: {} }] }],
    ["an event that is missing", { ...valid, events: [{ id: "a", position: 0 }] }],
    ["one good event and one bad", { ...valid, events: [...valid.events, null] }],
    ["events that are not a list", { ...valid, events: {} }],
    ["a lone surrogate", { "\ud800": "\udfff" }],
  ];

  const errorOf = (body: unknown, message: Partial<QueuedMessage> = {}) => {
    const { incomingEvents, errors } = open(body, message);
    expect([incomingEvents, errors.length]).toEqual([[], 1]);
    return errors[0];
  };

  it.each(bodies)("(%s) becomes one error with its whole content, as an object and as text", (_, body) => {
    for (const sent of [body, JSON.stringify(body)]) {
      const error = errorOf(sent);
      expect(error).toMatchObject({
        moment: QUEUED_AT,
        parts: [],
        row: { receivedAt: QUEUED_AT, eventId: "message-1", issues: [{ code: "delivery_failed", path: "" }] },
      });
      expect(JSON.parse(error?.row.content ?? "")).toEqual(JSON.parse(JSON.stringify(body)));
      expect(error?.row.issues[0]?.message.length).toBeLessThan(250);
    }
  });

  it.each([
    ["text that is not JSON", '{"v":1,', '"{\\"v\\":1,"'],
    ["an empty text", "", '""'],
    ["nothing", undefined, "null"],
    ["depth", `${"[".repeat(60_000)}${"]".repeat(60_000)}`, `${"[".repeat(60_000)}${"]".repeat(60_000)}`],
    ["bytes", Uint8Array.of(0, 255, 128).buffer, '{"base64":"AP+A"}'],
    ["a value that JSON cannot contain", 7n, '"7"'],
  ])("(%s) keeps its content", (_, body, content) => {
    expect(errorOf(body)?.row.content).toBe(content);
  });

  it("keeps its application if it names a possible one", () => {
    const claim = (application: unknown) => errorOf({ v: 99, application })?.row.application;
    expect([claim("shop"), claim(7), claim("x".repeat(65)), claim("\ud800")]).toEqual(["shop", null, null, null]);
  });

  it("is the same error on redelivery and another one for another message", () => {
    const idOf = (id: string) => errorOf("malformed", { id })?.row.id;
    expect(idOf("a")).toBe(idOf("a"));
    expect(idOf("a")).not.toBe(idOf("b"));
  });
});

describe("an event too large for one message", () => {
  const pieces = ["one", "two", "three"].map(
    (text, part): PartEnvelope => ({
      v: 1,
      application: "shop",
      received_at: RECEIVED_AT,
      oversized: {
        id: "big",
        position: 3,
        bytes: 500_000,
        levels: 2,
        digest: "d",
        preview: eventOf("s", { data: {} }),
        part,
        parts: 3,
        text,
      },
    }),
  );

  it("is one error, and each message stores its own piece", () => {
    const errors = pieces.flatMap((piece) => openText(piece).errors);
    expect(errors).toHaveLength(3);
    expect(new Set(errors.map(({ row, moment }) => JSON.stringify([row, moment]))).size).toBe(1);
    expect(errors[0]).toMatchObject({
      moment: OCCURRED_AT,
      row: { session: "s", eventId: "big", receivedAt: RECEIVED_AT + 3, content: null, parts: 3 },
    });
    expect(errors[0]?.row.issues.map(({ code }) => code)).toEqual(["event_too_large"]);
    const errorId = errors[0]?.row.id;
    expect(errors.flatMap(({ parts }) => parts)).toEqual(
      pieces.map(({ oversized: { part, text } }) => ({ errorId, part, content: text })),
    );
  });

  it("gets all its other issues from its truncated preview", () => {
    const preview = eventOf("null", { data: [], timestamp: "2999-01-01 00:00:00" });
    const [piece] = pieces;
    const [error] = openText({ ...piece, oversized: { ...piece?.oversized, preview, levels: 65 } }).errors;
    expect(error?.row.issues.map(({ code }) => code)).toEqual([
      "session_id_invalid",
      "data_invalid",
      "event_too_large",
      "event_invalid",
      "timestamp_in_future",
    ]);
    expect(error?.moment).toBe(RECEIVED_AT + 3);
  });

  it("differs from an error with the same id and preview but other content", () => {
    const [piece] = pieces;
    const [error] = openText(piece).errors;
    const [other] = openText({ ...piece, oversized: { ...piece?.oversized, digest: "e" } }).errors;
    expect(other?.row.id).not.toBe(error?.row.id);
    expect(other?.parts[0]?.errorId).toBe(other?.row.id);
  });

  it("has a time of receipt, by which its truncated preview is validated", () => {
    const [piece] = pieces;
    const message = readMessage({ body: JSON.stringify(piece), timestamp: QUEUED, id: "m" });
    expect(Math.max(...receiptsOf(message))).toBe(RECEIVED_AT + 3);
  });
});
