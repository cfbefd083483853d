import { describe, expect, it } from "vitest";
import { messagesOf, type SessionOrder, specEvent } from "../../../src/ingest/dialects/spec-event";

const ORDER: SessionOrder = ["context", "anonymous", "user"];

describe("specEvent", () => {
  it("maps a track call, and keeps the transport's members in the context", () => {
    const message = {
      ...{ type: "track", event: "Order", properties: { total: 7 }, context: { sessionId: 17, ip: "x" } },
      ...{ messageId: "m", anonymousId: "a", userId: "u", timestamp: "t", originalTimestamp: "o", sentAt: "s" },
    };
    expect(specEvent(message, ORDER)).toEqual({
      ...{ session_id: "17", visitor_id: "u", category: "track", name: "Order", data: { total: 7 }, timestamp: "t" },
      id: "m",
      context: {
        ...{
          sessionId: 17,
          ip: "x",
          type: "track",
          anonymousId: "a",
          userId: "u",
          originalTimestamp: "o",
          sentAt: "s",
        },
      },
    });
  });

  it.each<[SessionOrder, object, string | undefined]>([
    [["context", "anonymous", "user"], { context: { sessionId: "c" }, anonymousId: "a" }, "c"],
    [["anonymous", "context", "user"], { context: { sessionId: "c" }, anonymousId: "a" }, "a"],
    [["context", "anonymous", "user"], { context: { sessionId: "" }, userId: "u" }, "u"],
    [["context", "anonymous", "user"], {}, undefined],
  ])("looks for the session by %j in %j", (order, message, session) => {
    expect(specEvent(message, order).session_id).toBe(session);
  });

  it.each<[string, object, string, string]>([
    ["the event of a track call", { event: "Order", name: "x" }, "track", "Order"],
    ["the name of a page", { type: "page", name: "Home" }, "page", "Home"],
    ["the name among a page's properties", { type: "page", properties: { name: "Home" } }, "page", "Home"],
    ["the type, since a track call's properties do not name it", { properties: { name: "Home" } }, "track", "track"],
    ["the type of an identify call", { type: "identify", traits: { name: "Ada" } }, "identify", "identify"],
  ])("is named by %s", (_, message, category, name) => {
    expect(specEvent(message, ORDER)).toMatchObject({ category, name });
  });

  it("has the type of its path without one of its own", () => {
    expect(specEvent({}, ORDER, "screen").category).toBe("screen");
  });

  it("takes the time of the SDK if there is no other", () => {
    expect(specEvent({ originalTimestamp: "o" }, ORDER).timestamp).toBe("o");
  });

  it("has the traits as payload: an identify call's in the context, too, but no other call's", () => {
    const context = { traits: { plan: "free" } };
    expect(specEvent({ type: "identify", context }, ORDER).data).toEqual({ plan: "free" });
    expect(specEvent({ type: "track", context }, ORDER).data).toEqual({});
    expect(specEvent({ type: "identify", context, traits: { plan: "paid" } }, ORDER).data).toEqual({ plan: "paid" });
  });

  it("has the group of a group call in its payload, and of another call in its context", () => {
    expect(specEvent({ type: "group", groupId: "g" }, ORDER).data).toEqual({ groupId: "g" });
    expect(specEvent({ type: "page", groupId: "g" }, ORDER)).toMatchObject({ data: {}, context: { groupId: "g" } });
    expect(specEvent({ type: "alias", previousId: "p" }, ORDER).data).toEqual({ previousId: "p" });
  });

  it("keeps what it overwrites and what it cannot read", () => {
    const message = {
      ...{ type: "group", groupId: "g", properties: { groupId: "old", plan: 1 }, traits: { plan: 2 } },
      ...{ context: { type: "old" }, messageId: ["m"], event: { a: 1 } },
    };
    expect(specEvent(message, ORDER)).toMatchObject({
      data: { groupId: "g", plan: 2 },
      context: {
        type: "group",
        unmapped: {
          ...{ hidden_data: { plan: 1 }, hidden_ids: { groupId: "old" }, hidden_context: { type: "old" } },
          ...{ messageId: ["m"], event: { a: 1 } },
        },
      },
    });
  });

  it("never keeps a write key", () => {
    expect(JSON.stringify(specEvent({ writeKey: "secret", event: "a" }, ORDER))).not.toContain("secret");
  });

  it("wraps what is not an object", () => {
    expect(specEvent("text", ORDER)).toEqual({ data: null, context: { unmapped: "text" } });
  });
});

it("messagesOf returns the events of a batch, or the body itself", () => {
  expect(messagesOf({ batch: [1, 2] })).toEqual([1, 2]);
  expect(messagesOf({ batch: {} })).toEqual([{ batch: {} }]);
  expect(messagesOf([1])).toEqual([[1]]);
});
