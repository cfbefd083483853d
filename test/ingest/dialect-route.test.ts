import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { createApp } from "../../src/api/app";
import { stopAccepting } from "../../src/http/local-mode";
import { MAX_BODY_BYTES, MAX_EVENTS_PER_REQUEST } from "../../src/model/limits";
import { seedLocalKeys } from "../http/auth/seed";

const app = createApp();

beforeAll(seedLocalKeys);

function send(path: string, body: unknown, bindings: Env = env): Response | Promise<Response> {
  const headers = { Authorization: "Bearer eye_w_local", "Content-Type": "application/json" };
  return app.request(path, { method: "POST", headers, body: JSON.stringify(body) }, bindings);
}

it.each([
  ["/v1/t", '{"success":true}'],
  ["/i/v1/analytics/events", '{"results":{"u":{"result":"ok"}}}'],
  ["/track/?verbose=1", '{"status":1,"error":null}'],
])("serves %s below a prefix as it does without one", async (path, answer) => {
  const event = { anonymousId: "s", distinct_id: "s", uuid: "u", event: "order", timestamp: "2026-11-26T10:00:00Z" };
  const prefixed: Env = { ...env, PATH_PREFIX: "/x7k" as "" };
  for (const url of [path, `/x7k${path}`]) {
    const response = await send(url, event, prefixed);
    expect([response.status, await response.text()]).toEqual([200, answer]);
  }
});

// Before this limit, 900 KB in one member became 450 MB in 7,000 queue messages.
it.each([
  ["/batch", "sent_at", "batch"],
  ["/2/httpapi", "client_upload_time", "events"],
])("refuses a request of %s whose %s is too large to be stored with each event", async (path, member, list) => {
  const events = Array.from({ length: MAX_EVENTS_PER_REQUEST }, () => ({}));
  const sent: number[] = [];
  const count = { send: async () => void sent.push(1), sendBatch: async () => void sent.push(1) };
  const response = await send(
    path,
    { [member]: "x".repeat(0.9 * MAX_BODY_BYTES), [list]: events },
    {
      ...env,
      EVENTS: new Proxy(env.EVENTS, { get: (target, name) => Reflect.get(count, name) ?? Reflect.get(target, name) }),
    },
  );
  expect(response.status).toBe(413);
  expect(await response.text()).toContain("too large to be stored with each event");
  expect(sent).toEqual([]);
});

it("accepts the largest body whose events contain their members themselves", async () => {
  const traits = { text: "x".repeat(1_800) };
  const batch = Array.from({ length: MAX_EVENTS_PER_REQUEST }, (_, place) => ({
    ...{ type: "identify", anonymousId: "a", messageId: String(place), timestamp: "2026-01-01T00:00:00Z" },
    context: { traits },
  }));
  const response = await send("/v1/batch", { batch });
  expect(response.status).toBe(200);
});

it("reports a misconfiguration and keeps browsers from guessing content types", async () => {
  const misconfigured = await send("/v1/track", {}, { ...env, KEY_CACHE_SECONDS: "nonsense" as never });
  expect(misconfigured.status).toBe(503);
  expect(await misconfigured.json()).toMatchObject({
    code: "misconfigured",
    detail: expect.stringContaining("KEY_CACHE_SECONDS"),
  });
  expect((await send("/v1/track", {})).headers.get("X-Content-Type-Options")).toBe("nosniff");
});

// This test is last, because a service that is shutting down never accepts events again.
it("refuses events with a retryable status while the service is shutting down", async () => {
  stopAccepting();
  const response = await send("/v1/track", { event: "Order", anonymousId: "a" });
  expect([response.status, response.headers.has("Retry-After")]).toEqual([503, true]);
});
