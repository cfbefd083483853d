import { expect, test } from "vitest";
import { readFixture } from "./read-fixture.ts";

test("reads JSON lines of nginx: its variables, common names, and without escape=json", () => {
  const { title, entries } = readFixture("nginx.json.log");
  expect(title).toBe("JSON lines of nginx");
  expect(entries).toMatchObject([
    {
      client: "203.0.113.30",
      at: "2026-03-05T11:00:00.000000Z",
      method: "GET",
      path: "/x?y=1",
      host: "www.example.net",
      status: 200,
      bytes: 44,
      referrer: null,
      userAgent: "ExampleBrowser/1.0",
      durationMs: 34,
    },
    { client: "203.0.113.31", method: null, path: "/x", request: null, status: 200, bytes: 44, durationMs: 1 },
    {
      client: "203.0.113.32",
      at: "2026-03-05T11:00:02.000000Z",
      path: "/z?q=1",
      status: 404,
      userAgent: 'Alba 10" Build',
    },
  ]);
});
