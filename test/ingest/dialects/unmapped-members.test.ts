import { describe, expect, it } from "vitest";
import { amplitude } from "../../../src/ingest/dialects/amplitude";
import { cloudEventsOf } from "../../../src/ingest/dialects/cloudevents";
import type { Dialect } from "../../../src/ingest/dialects/dialect";
import { jitsu } from "../../../src/ingest/dialects/jitsu";
import { mixpanel } from "../../../src/ingest/dialects/mixpanel";
import { posthog } from "../../../src/ingest/dialects/posthog";
import { segment } from "../../../src/ingest/dialects/segment";
import { snowplow } from "../../../src/ingest/dialects/snowplow";
import { read } from "./vendor-request";

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
