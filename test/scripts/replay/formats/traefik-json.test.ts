import { expect, test } from "vitest";
import { readFixture } from "./read-fixture.ts";

test("JSON lines of Traefik", () => {
  const { title, entries } = readFixture("traefik.json.log");
  expect(title).toBe("JSON lines of Traefik");
  expect(entries).toMatchObject([
    {
      client: "203.0.113.4",
      at: "2026-03-05T12:00:01.123456Z",
      method: "GET",
      path: "/a?b=1",
      host: "shop.example.net",
      status: 200,
      bytes: 64,
      userAgent: "ExampleBrowser/1.0",
      durationMs: 1.313,
    },
    { client: "203.0.113.5", status: 404, userAgent: null },
  ]);
});
