import { describe, expect, it } from "vitest";
import { segment } from "../../../src/ingest/dialects/segment";
import { read, T } from "./vendor-request";

describe("Segment and RudderStack", () => {
  const event = { type: "track", event: "Order", userId: "u", anonymousId: "a", messageId: "m", timestamp: T };

  it("map a batch, with the key from the body", () => {
    const batch = [
      { ...event, properties: { total: 1 }, context: { sessionId: 17, ip: "::1" }, writeKey: "k", sentAt: T },
      {
        type: "identify",
        anonymousId: "a",
        context: { traits: { plan: "pro" } },
        messageId: "i",
        originalTimestamp: T,
      },
      { type: "alias", userId: "u", previousId: "p", messageId: "l", timestamp: T },
      { type: "page", name: "Home", category: "Shop", anonymousId: "a", properties: { name: "Home" }, timestamp: T },
      { type: "group", userId: "u", groupId: "g", traits: { size: 3 }, timestamp: T },
    ];
    const { key, events } = read(segment, "/v1/batch", { batch, writeKey: "eye_w_local" });
    expect(key).toBe("eye_w_local");
    expect(events).toEqual([
      {
        ...{
          session_id: "17",
          visitor_id: "u",
          category: "track",
          name: "Order",
          data: { total: 1 },
          timestamp: T,
          id: "m",
        },
        context: { sessionId: 17, ip: "::1", type: "track", userId: "u", anonymousId: "a", sentAt: T },
      },
      {
        ...{ session_id: "a", visitor_id: "a", category: "identify", name: "identify", data: { plan: "pro" } },
        ...{ timestamp: T, id: "i" },
        context: { traits: { plan: "pro" }, type: "identify", anonymousId: "a", originalTimestamp: T },
      },
      expect.objectContaining({ session_id: "u", name: "alias", data: { previousId: "p" } }),
      expect.objectContaining({ category: "page", name: "Home", data: { name: "Home" } }),
      expect.objectContaining({ category: "group", data: { size: 3, groupId: "g" } }),
    ]);
  });

  it("map the browser's single events by the path and ignore the SDK's own metrics", () => {
    const { type, ...untyped } = event;
    const { key, events } = read(segment, "/v1/t", { ...untyped, writeKey: "eye_w_local" });
    expect([key, events[0]?.category]).toEqual(["eye_w_local", "track"]);
    expect(JSON.stringify(events)).not.toContain("eye_w_local");
    expect(read(segment, "/v1/m", "{}").isAside).toBe(true);
    expect(read(segment, "/beacon/v1/batch?writeKey=eye_w_local", { batch: [event] }).key).toBe("eye_w_local");
    expect(type).toBe("track");
  });

  it("map copies that differ in transport to the same content", () => {
    const [first, second] = ["1", "2"].map((time) => {
      const copy = { ...event, sentAt: time, originalTimestamp: time, _metadata: { retryCount: time } };
      const { context, ...content } = read(segment, "/v1/batch", { batch: [copy] }).events[0] ?? {};
      return content;
    });
    expect(first).toEqual(second);
  });

  it("cut a long name and keep it whole in the context", () => {
    const name = `${"x".repeat(63)}😀 and more`;
    const [mapped] = read(segment, "/v1/track", { ...event, event: name }).events;
    expect(mapped).toMatchObject({ name: "x".repeat(63), context: { full_name: name } });
  });
});
