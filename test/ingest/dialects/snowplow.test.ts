import { describe, expect, it } from "vitest";
import { Refusal } from "../../../src/http/problem";
import { snowplow } from "../../../src/ingest/dialects/snowplow";
import { read, requestOf } from "./vendor-request";

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
