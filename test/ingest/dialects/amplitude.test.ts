import { describe, expect, it } from "vitest";
import { Refusal } from "../../../src/http/problem";
import { amplitude } from "../../../src/ingest/dialects/amplitude";
import { read, requestOf } from "./vendor-request";

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
