import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PartEnvelope } from "../../src/model/envelope";
import { eventIdOf } from "../../src/model/event-id";
import { openMessage } from "../../src/pipeline/open-message";
import { NO_RULES } from "../../src/rules/rules";
import { alwaysInForce, envelopeOf, eventOf } from "./harness";
import { RECEIVED_AT } from "./sample-events";

const opening = {
  queuedAt: RECEIVED_AT + 5_000,
  messageId: "message-1",
  futureToleranceMicros: 60_000_000,
  rules: alwaysInForce(NO_RULES),
};

describe("an envelope", () => {
  const anyEvent = fc.oneof(
    fc.jsonValue(),
    fc.record({ session_id: fc.oneof(fc.string(), fc.constantFrom("s", "null", 7, null)), data: fc.jsonValue() }),
  );

  it("gives every event once: to its session, or as an error with its whole content", () => {
    fc.assert(
      fc.property(fc.array(anyEvent), (events) => {
        const opened = openMessage(envelopeOf(events.map((event, index) => [`id-${index}`, event])), opening);
        const texts = [
          ...opened.arrivals.map(({ arrival }) => [arrival.id, arrival.text, arrival.receivedAt]),
          ...opened.errors.map(({ eventId, content, receivedAt }) => [eventId, content, receivedAt]),
        ];
        const sent = events.map((event, index) => [`id-${index}`, JSON.stringify(event), RECEIVED_AT + index]);
        expect(texts.toSorted()).toEqual(sent.toSorted());
        expect(opened.errors.every(({ issues }) => issues.length > 0)).toBe(true);
        expect(new Set(opened.errors.map(({ id }) => id)).size).toBe(opened.errors.length);
      }),
    );
  });

  it("gives the events of a whole request as it gives them one by one, with the ids that the answer told", () => {
    const id = "e2085be5-9137-8e4e-80b5-f1ffddc20000";
    fc.assert(
      fc.property(fc.array(anyEvent), fc.nat(), (events, own) => {
        const withOwn = events.map((event, place) => (place === own % 5 ? { ...eventOf("s"), id: "own" } : event));
        const entries = withOwn.map((event, place): [string, unknown] => [eventIdOf(event, id, place), event]);
        const request = { v: 1, application: "shop", received_at: RECEIVED_AT, request: { id, events: withOwn } };
        expect(openMessage(request, opening)).toEqual(openMessage(envelopeOf(entries), opening));
      }),
    );
    expect([{ id: "own" }, {}, { id: "" }, 7].map((event, place) => eventIdOf(event, id, place + 30))).toEqual([
      ...["own", "e2085be5-9137-8e4e-80b5-f1ffddc2001f"],
      ...["e2085be5-9137-8e4e-80b5-f1ffddc20020", "e2085be5-9137-8e4e-80b5-f1ffddc20021"],
    ]);
  });

  it("gives the same rows whenever it is delivered", () => {
    const envelope = envelopeOf([
      ["a", 7],
      ["b", eventOf("null")],
    ]);
    expect(openMessage(envelope, { ...opening, queuedAt: 0, messageId: "message-2" })).toEqual(
      openMessage(envelope, opening),
    );
  });

  it("without events gives nothing", () => {
    expect(openMessage(envelopeOf([]), opening)).toEqual({ arrivals: [], errors: [], parts: [] });
  });

  it("keeps apart what failed under one id without a session: other members, other applications", () => {
    const open = (event: unknown, application: string) =>
      openMessage(envelopeOf([["1", event]], { application }), opening).errors;
    const errors = [
      ...open({ note: "a" }, "shop"),
      ...open({ note: "b" }, "shop"),
      ...open({ note: "a" }, "blog"),
      ...open({ note: "a", session_id: "null" }, "shop"),
    ];
    expect(new Set(errors.map(({ id }) => id)).size).toBe(4);
  });

  it("fills an error's columns as far as the event has them as text", () => {
    const event = { session_id: "x".repeat(129), category: "\ud800", name: "n", data: {} };
    const [error] = openMessage(envelopeOf([["a", event]]), opening).errors;
    expect(error).toMatchObject({
      application: "shop",
      session: null,
      category: null,
      name: "n",
      eventId: "a",
      parts: 0,
    });
  });

  it("may hold an event nested as deep as JSON.parse takes", () => {
    const deep = `{"0":${"[".repeat(50_000)}${"]".repeat(50_000)}}`;
    const opened = openMessage(
      envelopeOf([
        ["a", JSON.parse(deep)],
        ["b", eventOf("s", { data: JSON.parse(deep) })],
      ]),
      opening,
    );
    expect(opened.errors).toMatchObject([
      { content: deep, issues: expect.arrayContaining([expect.objectContaining({ code: "event_too_large" })]) },
    ]);
    expect(opened.arrivals[0]?.arrival.text).toContain(deep);
  });
});

describe("a message that is not an envelope of version 1", () => {
  const valid = envelopeOf([["a", eventOf("s")]]);
  const { application: _application, ...nameless } = valid;

  it.each<[string, unknown]>([
    ["a text", "x".repeat(100_000)],
    ["a number", 7],
    ["null", null],
    ["an array", [valid]],
    ["nothing", undefined],
    ["an empty object", {}],
    ["a future version", { ...valid, v: 2 }],
    ["no version", { ...valid, v: undefined }],
    ["no application", nameless],
    ["a receipt that is no whole number", { ...valid, received_at: 1.5 }],
    ["a receipt before 1970", { ...valid, received_at: -1 }],
    ["an event without an id", { ...valid, events: [{ position: 0, event: {} }] }],
    ["an event without its position", { ...valid, events: [{ id: "a", event: {} }] }],
    ["an event that is missing", { ...valid, events: [{ id: "a", position: 0 }] }],
    ["one good event and one bad", { ...valid, events: [...valid.events, null] }],
    ["events that are no list", { ...valid, events: {} }],
    ["depth", JSON.parse(`${"[".repeat(60_000)}${"]".repeat(60_000)}`)],
    ["half a character", { "\ud800": "\udfff" }],
  ])("(%s) is one error with its whole content", (_, body) => {
    const { arrivals, errors, parts } = openMessage(body, opening);
    expect({ arrivals, parts }).toEqual({ arrivals: [], parts: [] });
    expect(errors).toMatchObject([
      { receivedAt: opening.queuedAt, eventId: "message-1", parts: 0, issues: [{ code: "delivery_failed", path: "" }] },
    ]);
    const content: unknown = JSON.parse(errors[0]?.content ?? "");
    if (errors[0]?.content?.startsWith("[[[") !== true)
      expect(content).toEqual(body === undefined ? null : JSON.parse(JSON.stringify(body)));
    expect(errors[0]?.issues[0]?.message.length).toBeLessThan(250);
  });

  it("is kept as base64 where it is bytes", () => {
    const [error] = openMessage(Uint8Array.of(0, 255, 128).buffer, opening).errors;
    expect(error?.content).toBe('{"base64":"AP+A"}');
  });

  it("has its application where it names one that could be", () => {
    const claim = (application: unknown) => openMessage({ v: 2, application }, opening).errors[0]?.application;
    expect([claim("shop"), claim(7), claim("x".repeat(65)), claim("\ud800")]).toEqual(["shop", null, null, null]);
  });

  it("is the same error on redelivery, and another one for another message", () => {
    const idOf = (messageId: string) => openMessage("poison", { ...opening, messageId }).errors[0]?.id;
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
        outline: eventOf("s", { data: {} }),
        part,
        parts: 3,
        text,
      },
    }),
  );

  it("is one error, whose pieces each message brings by itself", () => {
    const opened = pieces.map((piece) => openMessage(piece, opening));
    const errors = opened.flatMap((one) => one.errors);
    expect(errors).toHaveLength(3);
    expect(new Set(errors.map((error) => JSON.stringify(error))).size).toBe(1);
    expect(errors[0]).toMatchObject({
      session: "s",
      eventId: "big",
      receivedAt: RECEIVED_AT + 3,
      content: null,
      parts: 3,
    });
    expect(errors[0]?.issues.map(({ code }) => code)).toEqual(["event_too_large"]);
    const id = errors[0]?.id;
    expect(opened.flatMap((one) => one.parts)).toEqual(
      pieces.map(({ oversized: { part, text } }) => ({ errorId: id, part, content: text })),
    );
  });

  it("has all else that is wrong with it reported from its outline", () => {
    const [piece] = pieces;
    if (piece === undefined) throw new Error("unreachable");
    const outline = eventOf("null", { data: [], timestamp: "2999-01-01 00:00:00" });
    const [error] = openMessage({ ...piece, oversized: { ...piece.oversized, outline, levels: 65 } }, opening).errors;
    expect(error?.issues.map(({ code }) => code)).toEqual([
      "session_id_invalid",
      "data_invalid",
      "event_too_large",
      "event_invalid",
      "timestamp_in_future",
    ]);
  });

  it("is another error than one with the same id and outline but other content", () => {
    const [piece] = pieces;
    if (piece === undefined) throw new Error("unreachable");
    const other = openMessage({ ...piece, oversized: { ...piece.oversized, digest: "e" } }, opening);
    expect(other.errors[0]?.id).not.toBe(openMessage(piece, opening).errors[0]?.id);
    expect(other.parts[0]?.errorId).toBe(other.errors[0]?.id);
  });
});
