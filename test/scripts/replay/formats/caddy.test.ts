import { expect, test } from "vitest";
import { readFixture } from "./read-fixture.ts";

test("reads JSON lines of Caddy, with proxies, and with times and durations as text", () => {
  const { title, entries } = readFixture("caddy.json.log");
  expect(title).toBe("JSON lines of Caddy");
  expect(entries).toMatchObject([
    {
      client: "203.0.113.20",
      at: "2026-03-05T11:26:40.120000Z",
      method: "GET",
      path: "/p/0?q=1",
      host: "shop.example.net",
      status: 200,
      bytes: 12,
      referrer: "https://a.example/",
      userAgent: "ExampleBrowser/1.0",
      durationMs: 1.2,
    },
    { client: "203.0.113.21", at: "2026-03-05T11:26:41.500000Z", host: "shop.example.net", durationMs: 62_500 },
  ]);
});
