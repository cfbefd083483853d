import { expect, test } from "vitest";
import { pageViewOf } from "../../../../scripts/replay/events/page-view.ts";
import type { LogEntry } from "../../../../scripts/replay/formats/entry.ts";

const ENTRY: LogEntry = {
  ...{ client: "203.0.113.7", occurredAt: 1_609_492_527_243_860, request: null, method: "GET", path: "/a?b=1" },
  ...{ host: null, status: 200, bytes: 44, referrer: null, userAgent: "agent", durationMs: null, fields: 2 },
  isCut: false,
};

test("a line becomes a page view with its id, with null for missing values", () => {
  expect(pageViewOf(ENTRY, "id", { sessionId: "s", visitorId: "v" }, "server-1")).toEqual({
    ...{ id: "id", session_id: "s", visitor_id: "v", category: "page interaction", name: "pageview" },
    timestamp: "2021-01-01T09:15:27.243860Z",
    data: { method: "GET", path: "/a?b=1", status: 200, bytes: 44, referrer: null, user_agent: "agent" },
    context: { source: "server-1" },
  });
});

test("host, duration and a request line that is not HTTP are present only if the line has them", () => {
  const entry = { ...ENTRY, host: "shop.example", durationMs: 1.5, request: "odd", method: null, path: null };
  const view = pageViewOf(entry, "id", { sessionId: "s", visitorId: null }, "a");
  expect(view.data).toMatchObject({ host: "shop.example", duration_ms: 1.5, request: "odd", path: null });
  expect("visitor_id" in view).toBe(false);
});
