import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { acceptedEvents, EnvelopeSchema, receivedAt } from "../../src/model/envelope";

const shared = { v: 1 as const, application: "shop", received_at: 1_000 };
const id = "e2085be5-9137-4e4e-80b5-f1ffddc20000";
const part = {
  ...{ id: "e", position: 0, bytes: 100_000, levels: 3, digest: "d", preview: {}, part: 0, parts: 2, text: "{" },
};

describe("an envelope", () => {
  it.each<[string, unknown]>([
    ["a whole request", { ...shared, request: { id, events: [1, null, {}] } }],
    ["some events of a request", { ...shared, events: [{ id: "a", position: 3, event: "text" }] }],
    ["a piece of an oversized event", { ...shared, oversized: part }],
  ])("is %s", (_, message) => {
    expect(v.safeParse(EnvelopeSchema, message)).toMatchObject({ success: true, output: message });
  });

  it.each<[string, unknown]>([
    ["of another version", { ...shared, v: 2, request: { id, events: [] } }],
    ["without events", shared],
    ["whose request has no UUID", { ...shared, request: { id: "1", events: [] } }],
    ["whose events are no list", { ...shared, request: { id, events: { length: 1 } } }],
    ["received before 1970", { ...shared, received_at: -1, events: [] }],
    ["with an event at half a place", { ...shared, events: [{ id: "a", position: 0.5, event: {} }] }],
    ["that is a text", "{}"],
  ])("is nothing %s", (_, message) => {
    expect(v.is(EnvelopeSchema, message)).toBe(false);
  });
});

describe("the events of an envelope", () => {
  it("have the client's ids, or those of their places in the request", () => {
    const events = [{ id: "mine" }, {}, { id: "" }];
    expect(acceptedEvents({ ...shared, request: { id, events } })).toEqual([
      { id: "mine", position: 0, event: events[0] },
      { id: `${id.slice(0, -4)}0001`, position: 1, event: events[1] },
      { id: `${id.slice(0, -4)}0002`, position: 2, event: events[2] },
    ]);
  });

  it("keep the ids and places that a part of a request brings", () => {
    const events = [{ id: "a", position: 7, event: {} }];
    expect(acceptedEvents({ ...shared, events })).toBe(events);
  });

  it("are received one microsecond after the other, in the order of the request", () => {
    expect([0, 1, 499].map((position) => receivedAt(shared, { position }))).toEqual([1_000, 1_001, 1_499]);
  });
});
