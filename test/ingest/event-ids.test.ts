import { describe, expect, it } from "vitest";
import { idempotencyKeyOf, requestIdOf } from "../../src/ingest/event-ids";
import { eventIdOf } from "../../src/model/event/event-id";
import { expectRefusal } from "../http/expect-refusal";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function withIdempotencyKey(key: string): Request {
  return new Request("https://eye.example/", { method: "POST", headers: { "Idempotency-Key": key } });
}

/** The ids that the collector assigns. */
function identify(events: readonly unknown[], application: string, idempotencyKey: string | null): string[] {
  const request = requestIdOf(application, idempotencyKey, events);
  return events.map((event, position) => eventIdOf(event, request, position));
}

describe("identify", () => {
  it("keeps the client's own ids", () => {
    expect(identify([{ id: "mine" }, { id: "yours" }], "demo", "again")).toEqual(["mine", "yours"]);
  });

  it.each([{}, { id: "" }, { id: 5 }, { id: "x".repeat(129) }, null, 5, "x", []])("gives %j an id", (event) => {
    expect(identify([event], "demo", null)[0]).toMatch(UUID);
    expect(identify([event], "demo", "again")[0]).toMatch(UUID);
  });

  it("gives two equal events different ids without an idempotency key", () => {
    const ids = Array.from({ length: 20 }, () => identify(Array(500).fill({}), "demo", null)).flat();
    expect(new Set(ids).size).toBe(20 * 500);
  });

  it("gives the same ids with the same idempotency key", () => {
    expect(identify([{}, {}, {}], "demo", "again")).toEqual(identify([{}, {}, {}], "demo", "again"));
  });

  it("gives other events other ids with the same idempotency key, so that none is lost as a conflict", () => {
    const event = { session_id: "s", category: "c", name: "n", data: { n: 1 }, timestamp: "2021-01-01" };
    const others = [{ ...event, data: { n: 2 } }, { ...event, name: "m" }, { ...event, timestamp: "2021-01-02" }, 5];
    const ids = [[event], ...others.map((other) => [other]), [event, event]].flatMap((events) =>
      identify(events, "demo", "again"),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("gives the same ids if only the time of sending differs", () => {
    const event = { session_id: "s", category: "c", name: "n", data: {}, timestamp: "2021-01-01" };
    const again = { ...event, context: { sent_at: "2021-01-01 00:00:09" }, sent_at: 9 };
    expect(identify([again], "demo", "again")).toEqual(identify([event], "demo", "again"));
  });

  it("gives other ids to other applications, keys and positions", () => {
    const ids = [
      ...identify([{}, {}], "demo", "again"),
      ...identify([{}], "demo", "other"),
      ...identify([{}], "shop", "again"),
      ...identify([{}], 'demo","a', "gain"),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe("idempotencyKeyOf", () => {
  it("returns null if there is none", () => {
    expect(idempotencyKeyOf(new Request("https://eye.example/"))).toBeNull();
  });

  it("accepts up to 255 characters", () => {
    expect(idempotencyKeyOf(withIdempotencyKey("k".repeat(255)))).toBe("k".repeat(255));
    expect(expectRefusal(idempotencyKeyOf(withIdempotencyKey("k".repeat(256))), "invalid_parameter").members).toEqual({
      parameter: "Idempotency-Key",
      limit: 255,
      actual: 256,
    });
  });

  it("refuses an empty one", () => {
    expectRefusal(idempotencyKeyOf(withIdempotencyKey("")), "invalid_parameter");
  });
});
