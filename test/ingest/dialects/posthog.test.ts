import { describe, expect, it } from "vitest";
import { Refusal } from "../../../src/http/problem";
import type { VendorCall } from "../../../src/ingest/dialects/dialect";
import { posthog } from "../../../src/ingest/dialects/posthog";
import { read, requestOf, T } from "./vendor-request";

describe("PostHog", () => {
  it("maps server batches and browser events without the token, with $set from either place", () => {
    const properties = {
      $set: { plan: "pro" },
      $lib: "posthog-node",
      $session_id: "s",
      total: 1,
      token: "eye_w_local",
    };
    const event = { event: "order", distinct_id: "d", properties, timestamp: T, uuid: "u" };
    const { key, events } = read(posthog, "/batch", { api_key: "eye_w_local", batch: [event], sent_at: T });
    expect(key).toBe("eye_w_local");
    expect(events).toEqual([
      {
        ...{ session_id: "s", visitor_id: "d", category: "posthog", name: "order", timestamp: T, id: "u" },
        data: { $set: { plan: "pro" }, total: 1 },
        context: { sent_at: T, $lib: "posthog-node", $session_id: "s" },
      },
    ]);
    const browser = { event: "$identify", distinct_id: "d", properties: { token: "eye_w_local" }, $set: { a: 1 } };
    const form = `data=${encodeURIComponent(btoa(JSON.stringify(browser)))}`;
    expect(read(posthog, "/e", form)).toMatchObject({
      key: "eye_w_local",
      events: [{ session_id: "d", data: { $set: { a: 1 } } }],
    });
    const v1 = { batch: [{ event: "e", uuid: "u", distinct_id: "d", timestamp: T, session_id: "s", properties: {} }] };
    expect(read(posthog, "/i/v1/analytics/events", v1).events).toMatchObject([{ session_id: "s", id: "u" }]);
  });

  it("answers 200 in each protocol's form, and never 429 to a browser, which would drop the events", async () => {
    const call: VendorCall = { key: null, events: [{ id: "u" }, { id: "u" }] };
    expect(await posthog.accept(requestOf("/e", ""), call).json()).toEqual({ status: 1 });
    const v1 = posthog.accept(requestOf("/i/v1/analytics/events", ""), call);
    expect([v1.status, await v1.json()]).toEqual([200, { results: { u: { result: "ok" } } }]);
    const limited = new Refusal("rate_limited", "too fast");
    expect(posthog.refuse(requestOf("/e", ""), limited).status).toBe(503);
    expect(posthog.refuse(requestOf("/batch", ""), limited).status).toBe(429);
  });
});
