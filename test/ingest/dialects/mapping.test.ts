import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Refusal } from "../../../src/http/problem";
import { amplitude } from "../../../src/ingest/dialects/amplitude";
import { cloudEventsOf } from "../../../src/ingest/dialects/cloudevents";
import { decodeBase64, parseHidden } from "../../../src/ingest/dialects/decode";
import type { Dialect, VendorCall, VendorRequest } from "../../../src/ingest/dialects/dialect";
import { DIALECTS } from "../../../src/ingest/dialects/dialects";
import { jitsu } from "../../../src/ingest/dialects/jitsu";
import { mixpanel } from "../../../src/ingest/dialects/mixpanel";
import { posthog } from "../../../src/ingest/dialects/posthog";
import { segment } from "../../../src/ingest/dialects/segment";
import { snowplow } from "../../../src/ingest/dialects/snowplow";

function requestOf(path: string, body: unknown, more: Partial<VendorRequest> = {}): VendorRequest {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const [name = "", query = ""] = path.split("?");
  return { method: "POST", path: name, query: new URLSearchParams(query), headers: new Headers(), text, ...more };
}

function read(dialect: Dialect, path: string, body: unknown, more: Partial<VendorRequest> = {}): VendorCall {
  const call = dialect.read(requestOf(path, body, more));
  if (call instanceof Refusal) throw new Error(call.detail);
  return call;
}

const T = "2026-11-26T10:00:00.123Z";

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

it("Jitsu: uses the key after the last colon, and the anonymous id before the session", () => {
  const headers = new Headers({ "X-Write-Key": "site:eye_w_local" });
  const body = { type: "page", anonymousId: "a", context: { sessionId: "leaked" }, properties: { name: "Home" } };
  const { key, events } = read(jitsu, "/api/s/s2s/page", { ...body, messageId: "m", timestamp: T }, { headers });
  expect(key).toBe("eye_w_local");
  expect(events).toMatchObject([{ session_id: "a", category: "page", name: "Home", id: "m" }]);
});

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

describe("Snowplow", () => {
  const data = [
    { e: "se", eid: "1", ttm: "1764151200123", sid: "s", duid: "d", se_ca: "shop", se_ac: "buy", se_la: "x", stm: "9" },
    { e: "pv", eid: "2", dtm: "1764151200124", duid: "d", url: "http://x/", page: "X", p: "web" },
    {
      ...{ e: "ue", eid: "3", dtm: "1764151200125", uid: "u" },
      ue_px: btoa(
        JSON.stringify({ data: { schema: "iglu:com.acme/order/jsonschema/1-0-2", data: { total: 1 } } }),
      ).replace(/=+$/, ""),
    },
  ];

  it("maps structured events, page views and self-describing events", () => {
    const plain = {
      ...data[2],
      ue_px: undefined,
      ue_pr: JSON.stringify({ data: { schema: "iglu:com.acme/order/jsonschema/1-0-2", data: { total: "€" } } }),
    };
    const { events } = read(snowplow, "/com.snowplowanalytics.snowplow/tp2", { data: [data[0], data[1], plain] });
    expect(events).toEqual([
      {
        ...{ session_id: "s", visitor_id: "d", category: "shop", name: "buy", data: { se_la: "x" }, id: "1" },
        ...{ timestamp: 1764151200123, context: { sid: "s", duid: "d", stm: "9" } },
      },
      {
        ...{ session_id: "d", visitor_id: "d", category: "snowplow", name: "page_view", id: "2" },
        ...{ data: { url: "http://x/", page: "X" }, timestamp: 1764151200124, context: { duid: "d", p: "web" } },
      },
      {
        ...{ session_id: "u", visitor_id: "u", category: "com.acme", name: "order", data: { total: "€" }, id: "3" },
        ...{ timestamp: 1764151200125, context: { uid: "u", schema_version: "1-0-2" } },
      },
    ]);
  });

  it("reads GET with base64url, answers with an image, and turns 413 into a status that ends retries", () => {
    const query = new URLSearchParams({ ...data[1] });
    const { events } = read(snowplow, "/i", "", { method: "GET", query });
    expect(events).toMatchObject([{ name: "page_view" }]);
    const get = requestOf("/i", "", { method: "GET" });
    expect(snowplow.accept(get, { key: null, events }).headers.get("Content-Type")).toBe("image/gif");
    const statuses = (
      ["payload_too_large", "too_many_events", "unauthorized", "rate_limited", "unavailable"] as const
    ).map((code) => snowplow.refuse(get, new Refusal(code, "no")).status);
    expect(statuses).toEqual([422, 422, 401, 429, 503]);
  });
});

describe("Amplitude", () => {
  it("maps events, with the session of the device", () => {
    const event = {
      ...{ event_type: "order", time: 1764151200123, insert_id: "i", session_id: 5, device_id: "d", user_id: "u" },
      ...{ event_id: 7, event_properties: { total: 1 }, user_properties: { $set: { a: 1 } }, library: "lib" },
    };
    const { key, events } = read(amplitude, "/2/httpapi", {
      api_key: "eye_w_local",
      events: [event, { ...event, session_id: -1 }],
    });
    expect(key).toBe("eye_w_local");
    expect(events[0]).toMatchObject({
      ...{
        session_id: "d:5",
        visitor_id: "u",
        category: "amplitude",
        name: "order",
        timestamp: 1764151200123,
        id: "i",
      },
      data: { total: 1, user_properties: { $set: { a: 1 } } },
      context: { event_id: 7, library: "lib", session_id: 5 },
    });
    expect(events[1]).toMatchObject({ session_id: "d" });
  });

  it("answers with the code in the body, and refuses in the two ways that its SDKs do not retry", async () => {
    const request = requestOf("/2/httpapi", "{}");
    expect(await amplitude.accept(request, { key: null, events: [{}] }).json()).toMatchObject({
      code: 200,
      events_ingested: 1,
    });
    const bodies = (["unauthorized", "forbidden", "invalid_json", "unavailable"] as const).map((code) =>
      amplitude.refuse(request, new Refusal(code, "no")).json(),
    );
    expect(await Promise.all(bodies)).toEqual([
      { code: 401, error: "Invalid API key: no" },
      { code: 401, error: "Invalid API key: no" },
      { code: 400, error: "no", missing_field: "invalid_json" },
      { code: 503, error: "no" },
    ]);
  });
});

describe("Mixpanel", () => {
  const properties = {
    token: "eye_w_local",
    time: 1764151200123,
    distinct_id: "d",
    $insert_id: "i",
    mp_lib: "node",
    a: "b",
  };

  it("maps events and profiles, from a query, a form or JSON", () => {
    const event = { event: "order", properties };
    const expected = {
      ...{ session_id: "d", visitor_id: "d", category: "mixpanel", name: "order", data: { a: "b" }, id: "i" },
      ...{ timestamp: 1764151200123, context: { mp_lib: "node", $insert_id: "i" } },
    };
    const base64 = btoa(JSON.stringify([event]));
    const calls = [
      read(mixpanel, `/track?data=${encodeURIComponent(base64)}`, "", { method: "GET" }),
      read(mixpanel, "/track", `data=${encodeURIComponent(base64)}`),
      read(mixpanel, "/track", `data=${base64}`),
      read(mixpanel, "/track", [event]),
    ];
    for (const { key, events } of calls) expect([key, events]).toEqual(["eye_w_local", [expected]]);
    const profile = { $token: "eye_w_local", $distinct_id: "d", $set: { plan: "pro" }, $time: 1764151200 };
    expect(read(mixpanel, "/engage", profile)).toMatchObject({
      key: "eye_w_local",
      events: [{ session_id: "d", name: "$profile", data: { $set: { plan: "pro" } }, timestamp: 1764151200 }],
    });
  });

  it("gives an event without a time its time of receipt", () => {
    const before = Date.now();
    const { time, ...timeless } = properties;
    const [event] = read(mixpanel, "/track", [{ event: "order", properties: timeless }]).events;
    expect(event?.timestamp).toBeGreaterThanOrEqual(before);
    expect(event?.timestamp).toBeLessThanOrEqual(Date.now());
    expect(time).not.toBe(event?.timestamp);
  });

  it("answers with the character or the object that its SDKs expect", async () => {
    const call: VendorCall = { key: null, events: [] };
    expect(await mixpanel.accept(requestOf("/import?verbose=0", ""), call).text()).toBe("1");
    expect(await mixpanel.accept(requestOf("/import", ""), call).json()).toEqual({ code: 200, status: "OK" });
    expect(await mixpanel.accept(requestOf("/track?verbose=0", ""), call).text()).toBe("1");
    expect(await mixpanel.accept(requestOf("/track?verbose=1", ""), call).json()).toEqual({ status: 1, error: null });
    const refused = mixpanel.refuse(requestOf("/track", ""), new Refusal("unavailable", "no"));
    expect([refused.status, await refused.text(), refused.headers.has("Retry-After")]).toEqual([503, "0", true]);
  });
});

describe("CloudEvents", () => {
  const headers = (more: Record<string, string>) => new Headers({ "Content-Type": "application/json", ...more });

  it("are read in binary mode, in structured mode and as a batch", () => {
    const binary = headers({
      ...{ "ce-id": "1", "ce-type": "order", "ce-source": "/shop", "ce-specversion": "1.0", "ce-time": T },
      ...{ "ce-sessionid": "s", "ce-subject": "caf%C3%A9" },
    });
    const expected = { session_id: "s", category: "/shop", name: "order", data: { total: 1 }, timestamp: T, id: "1" };
    expect(cloudEventsOf(binary, '{"total":1}')).toMatchObject([{ ...expected, context: { subject: "café" } }]);
    const event = {
      id: "1",
      type: "order",
      source: "/shop",
      specversion: "1.0",
      time: T,
      sessionid: "s",
      data: { total: 1 },
    };
    const type = (value: string) => headers({ "Content-Type": value });
    expect(cloudEventsOf(type("application/cloudevents+json"), JSON.stringify(event))).toMatchObject([expected]);
    expect(cloudEventsOf(type("application/cloudevents-batch+json"), JSON.stringify([event, 1]))).toMatchObject([
      expected,
      { data: null, context: { unmapped: 1 } },
    ]);
    expect(cloudEventsOf(headers({}), "{}")).toBeNull();
  });
});

describe("decoding", () => {
  it("joins surrogates that an SDK has written as three bytes each, and replaces lone ones", () => {
    expect(decodeBase64(btoa("\xed\xa0\xbd\xed\xbb\x92 \xc3\xa9"))).toBe("🛒 é");
    expect(decodeBase64(btoa("a\xed\xa0\xbd"))).toBe("a\ufffd");
    expect(decodeBase64(btoa("\xf0\x9f\x9b\x92"))).toBe("🛒");
    expect(decodeBase64("%%%")).toBeNull();
  });

  it("decodes JSON in every encoding that SDKs use", () => {
    const value = fc.dictionary(fc.string(), fc.oneof(fc.string({ unit: "grapheme" }), fc.integer()));
    fc.assert(
      fc.property(value, (object) => {
        const json = JSON.stringify(object);
        const base64 = Buffer.from(json).toString("base64");
        for (const text of [json, base64, `data=${encodeURIComponent(base64)}`, `data=${encodeURIComponent(json)}`]) {
          expect(parseHidden(text)).toEqual(JSON.parse(json));
        }
      }),
    );
  });

  it("returns events or a refusal for any input: no dialect throws or loses an event", () => {
    const anything = fc.oneof(
      fc.string(),
      fc.base64String(),
      fc.string().map((text) => `data=${text}`),
      fc.json(),
      fc.array(fc.jsonValue()).map((batch) => JSON.stringify({ batch, events: batch, data: batch })),
    );
    fc.assert(
      fc.property(anything, fc.constantFrom(...DIALECTS), fc.boolean(), (text, dialect, isGet) => {
        for (const path of dialect.paths) {
          const method = isGet ? "GET" : "POST";
          const query = new URLSearchParams(isGet ? text : "");
          const call = dialect.read(requestOf(path, text, { method, query }));
          if (call instanceof Refusal) expect(dialect.refuse(requestOf(path, text), call).status).toBeLessThan(500);
          else for (const event of call.events) expect(typeof event).toBe("object");
        }
      }),
      { numRuns: 500 },
    );
    fc.assert(fc.property(fc.string(), (text) => void cloudEventsOf(headersOf(text), text)));
  });
});

function headersOf(text: string): Headers {
  return new Headers({ "ce-specversion": "1.0", "ce-type": encodeURIComponent(text.toWellFormed()), "ce-id": "%" });
}

describe("members that cannot be mapped", () => {
  const CASES: [Dialect, string, unknown][] = [
    [
      segment,
      "/v1/track",
      { event: { odd: "MARK" }, name: ["MARK2"], properties: "MARK3", context: "MARK4", messageId: ["MARK5"] },
    ],
    [segment, "/v1/page", { type: "page", event: "MARK", name: "MARK2", traits: "MARK3" }],
    [
      posthog,
      "/batch",
      [{ event: ["MARK"], distinct_id: {}, uuid: ["MARK2"], properties: ["MARK3"], session_id: ["MARK4"] }],
    ],
    [posthog, "/e", { event: "e", distinct_id: "MARK", session_id: "MARK2", properties: { $session_id: "MARK3" } }],
    [
      snowplow,
      "/com.snowplowanalytics.snowplow/tp2",
      { e: ["MARK"], eid: ["MARK2"], ttm: "MARK3", dtm: "MARK4", co: "MARK5" },
    ],
    [
      snowplow,
      "/com.snowplowanalytics.snowplow/tp2",
      { e: "ue", ue_pr: "MARK", ue_px: "MARK2", se_ca: "MARK3", co: '{"data":["MARK4"]}', cx: "MARK5" },
    ],
    [
      snowplow,
      "/com.snowplowanalytics.snowplow/tp2",
      { e: "se", se_ca: ["MARK"], se_ac: ["MARK2"], ue_pr: "MARK3", ttm: "7", dtm: "MARK4" },
    ],
    [
      amplitude,
      "/2/httpapi",
      { events: [{ event_type: ["MARK"], insert_id: ["MARK2"], event_properties: "MARK3", session_id: ["MARK4"] }] },
    ],
    [mixpanel, "/track", { event: ["MARK"], properties: "MARK2" }],
    [mixpanel, "/track", { event: "MARK", properties: { distinct_id: ["MARK2"], $insert_id: ["MARK3"] } }],
    [jitsu, "/api/s/s2s/track", { event: "MARK", name: "MARK2", properties: ["MARK3"], traits: ["MARK4"] }],
    // Two members of one name, of which one alone has a place.
    [
      segment,
      "/v1/track",
      {
        event: "e",
        properties: { a: "MARK" },
        traits: { a: "MARK2" },
        userId: "MARK3",
        context: { userId: "MARK4", unmapped: "MARK5" },
        name: "MARK6",
      },
    ],
    [
      segment,
      "/v1/group",
      { type: "group", groupId: "MARK", previousId: "MARK2", traits: { groupId: "MARK3", previousId: "MARK4" } },
    ],
    [
      posthog,
      "/e",
      { event: "e", distinct_id: "d", $set: "MARK", properties: { $set: "MARK2", $lib: "MARK3" }, $lib: "MARK4" },
    ],
    [
      amplitude,
      "/2/httpapi",
      {
        client_upload_time: "MARK",
        events: [{ event_properties: { groups: "MARK2" }, groups: "MARK3", client_upload_time: "MARK4" }],
      },
    ],
    [mixpanel, "/track", { event: "e", $os: "MARK", properties: { $os: "MARK2", __proto__: {} } }],
    [snowplow, "/i", { e: "pv", contexts: "MARK", co: '{"data":["MARK2"]}' }],
  ];

  it.each(CASES)("are kept in the context: %#", (dialect, path, body) => {
    const marks = JSON.stringify(body).match(/MARK\d?/g) ?? [];
    const [event] = read(dialect, path, body).events;
    for (const mark of marks) expect(JSON.stringify(event)).toContain(`${mark}`);
  });

  it("are kept for CloudEvents, with bytes that are not JSON as sent", () => {
    const headers = new Headers({ "Content-Type": "application/cloudevents+json" });
    const text = JSON.stringify({ type: ["MARK"], source: ["MARK2"], id: ["MARK3"], data_base64: "/+8A" });
    const kept = JSON.stringify(cloudEventsOf(headers, text));
    for (const part of ["MARK", "MARK2", "MARK3", "/+8A"]) expect(kept).toContain(part);
  });

  it("are kept if they are named __proto__", () => {
    const odd = '{"__proto__":{"odd":"MARK"}}';
    expect(JSON.stringify(read(posthog, "/e", `{"event":"e","properties":${odd}}`).events)).toContain("MARK");
    expect(JSON.stringify(read(mixpanel, "/track", `{"event":"e","properties":${odd}}`).events)).toContain("MARK");
    expect(JSON.stringify(read(snowplow, "/i", '{"e":"pv","__proto__":{"odd":"MARK"}}').events)).toContain("MARK");
    expect(JSON.stringify(read(segment, "/v1/track", `{"properties":${odd}}`).events)).toContain("MARK");
  });

  it.each(["__proto__", "constructor", "toString"])("do not become inherited names: %s", (kind) => {
    expect(read(snowplow, "/i", { e: kind, eid: "1" }).events).toMatchObject([{ name: kind }]);
  });
});
