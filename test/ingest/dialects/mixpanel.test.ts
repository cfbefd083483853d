import { describe, expect, it } from "vitest";
import { Refusal } from "../../../src/http/problem";
import type { VendorCall } from "../../../src/ingest/dialects/dialect";
import { mixpanel } from "../../../src/ingest/dialects/mixpanel";
import { read, requestOf } from "./vendor-request";

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
