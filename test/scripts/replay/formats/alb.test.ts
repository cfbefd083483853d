import { expect, test } from "vitest";
import { alb } from "../../../../scripts/replay/formats/alb.ts";
import { fixtureLines, readFixture } from "./read-fixture.ts";

test("reads logs of AWS load balancers: application and classic, quotes in the agent, a request that is not HTTP", () => {
  const { title, entries } = readFixture("alb.log");
  expect(title).toBe("access log of an AWS load balancer (ALB)");
  expect(entries).toMatchObject([
    {
      client: "203.0.113.39",
      at: "2026-03-05T22:22:48.364000Z",
      method: "GET",
      path: "/p?q=1",
      host: "www.example.com",
      status: 200,
      bytes: 57,
      userAgent: "ExampleBrowser/1.0",
      durationMs: 171,
    },
    {
      client: "2001:db8::1",
      method: null,
      path: null,
      request: "- http://www.example.com:80- -",
      status: 400,
      userAgent: null,
      durationMs: null,
    },
    {
      client: "203.0.113.40",
      at: "2026-03-05T23:39:43.945958Z",
      path: "/",
      host: "old.example.com",
      userAgent: 'curl "x" y',
    },
  ]);
});

test("two lines without a line end between them are not understood", () => {
  const [line = ""] = fixtureLines("alb.log").filter((text) => text.includes("app/"));
  expect(alb.open()(line)).not.toBeNull();
  expect(alb.open()(line + line)).toBeNull();
});
