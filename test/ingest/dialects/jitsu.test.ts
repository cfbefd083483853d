import { expect, it } from "vitest";
import { jitsu } from "../../../src/ingest/dialects/jitsu";
import { read, T } from "./vendor-request";

it("Jitsu uses the key after the last colon, and the anonymous id before the session", () => {
  const headers = new Headers({ "X-Write-Key": "site:eye_w_local" });
  const body = { type: "page", anonymousId: "a", context: { sessionId: "leaked" }, properties: { name: "Home" } };
  const { key, events } = read(jitsu, "/api/s/s2s/page", { ...body, messageId: "m", timestamp: T }, { headers });
  expect(key).toBe("eye_w_local");
  expect(events).toMatchObject([{ session_id: "a", category: "page", name: "Home", id: "m" }]);
});
