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
    ["in another version", { ...shared, v: 2, request: { id, events: [] } }],
    ["without events", shared],
    ["with a request that has no UUID", { ...shared, request: { id: "1", events: [] } }],
    ["with events that are not a list", { ...shared, request: { id, events: { length: 1 } } }],
    ["with a receipt before 1970", { ...shared, received_at: -1, events: [] }],
    ["with a fractional position", { ...shared, events: [{ id: "a", position: 0.5, event: {} }] }],
    ["as a text", "{}"],
  ])("is not valid %s", (_, message) => {
    expect(v.is(EnvelopeSchema, message)).toBe(false);
  });
});

describe("the events of an envelope", () => {
  it("have the client's ids, or ids from their positions in the request", () => {
    const events = [{ id: "mine" }, {}, { id: "" }];
    expect(acceptedEvents({ ...shared, request: { id, events } })).toEqual([
      { id: "mine", position: 0, event: events[0] },
      { id: `${id.slice(0, -4)}0001`, position: 1, event: events[1] },
      { id: `${id.slice(0, -4)}0002`, position: 2, event: events[2] },
    ]);
  });

  it("keep the ids and positions from a part of a request", () => {
    const events = [{ id: "a", position: 7, event: {} }];
    expect(acceptedEvents({ ...shared, events })).toBe(events);
  });

  it("have times of receipt one microsecond apart, in the order of the request", () => {
    expect([0, 1, 499].map((position) => receivedAt(shared, { position }))).toEqual([1_000, 1_001, 1_499]);
  });
});
