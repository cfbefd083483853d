import { afterEach, expect, it, vi } from "vitest";
import { logFailure, logRefusal } from "../../src/http/log";

afterEach(() => void vi.restoreAllMocks());

it("logs a refused request as one line of JSON", () => {
  const log = vi.spyOn(console, "log").mockReturnValue();
  const refused = { code: "forbidden", status: 403, method: "GET", path: "/theeye/events", application: null };
  logRefusal(refused);
  expect(log.mock.calls.map(([line]) => JSON.parse(String(line)))).toEqual([{ event: "request_refused", ...refused }]);
});

it.each<[string, unknown, object]>([
  ["an error", new TypeError("broken"), { name: "TypeError", message: "broken", stack: expect.any(String) }],
  ["a thrown text", "broken", { name: "Error", message: "broken" }],
  ["a thrown undefined", undefined, { name: "Error", message: "undefined" }],
])("logs %s with its event's name", (_, thrown, members) => {
  const log = vi.spyOn(console, "error").mockReturnValue();
  logFailure("queue_refused", thrown);
  expect(log.mock.calls.map(([line]) => JSON.parse(String(line)))).toEqual([
    expect.objectContaining({ event: "queue_refused", ...members }),
  ]);
});
