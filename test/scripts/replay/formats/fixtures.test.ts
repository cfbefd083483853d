import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { detectFormat } from "../../../../scripts/replay/formats/detect.ts";
import type { LogEntry } from "../../../../scripts/replay/formats/entry.ts";
import { formatTimestamp } from "../../../../src/model/time.ts";

const FIXTURES = join(import.meta.dirname, "../../../fixtures/logs");
const SAMPLES = join(import.meta.dirname, "../../../../../shared/data/logs");

function linesOf(path: string): string[] {
  return readFileSync(path, "utf8").replace("\uFEFF", "").trimEnd().split(/\r?\n/);
}

/** What a file is taken for, and its entries with their time as text. */
function readFixture(name: string) {
  const lines = linesOf(join(FIXTURES, name));
  const { format, understood, considered } = detectFormat(lines);
  expect(understood).toBe(considered);
  const read = format.open();
  const entries = lines.map(read).filter((entry): entry is LogEntry => entry !== null && entry !== "directive");
  return {
    title: format.describe?.(lines) ?? format.title,
    entries: entries.map((entry) => ({ ...entry, at: formatTimestamp(entry.occurredAt) })),
  };
}

test("JSON lines of nginx: its own variables, names in common use, and no escape=json", () => {
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

test("JSON lines of Caddy, with proxies, and with times and durations as text", () => {
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

test("W3C extended of IIS, whose fields change within the file", () => {
  const { title, entries } = readFixture("iis.log");
  expect(title).toBe("W3C extended log file format, as IIS writes it");
  expect(entries).toMatchObject([
    {
      client: "203.0.113.7",
      at: "2026-03-05T00:00:01.000000Z",
      method: "GET",
      path: "/index.html?q=1&r=2",
      host: null,
      status: 200,
      bytes: null,
      referrer: "https://www.example.net/",
      userAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64)",
      durationMs: 15,
    },
    { client: "203.0.113.8", path: "/later", host: "www.example.net", status: 404, bytes: 1245, durationMs: 8 },
  ]);
});

test("a file of IIS that lost its head is read by the fields that IIS logs by default", () => {
  const lines = linesOf(join(FIXTURES, "iis.log")).slice(4, 5);
  const { format, understood } = detectFormat(lines);
  expect([format.name, understood]).toEqual(["w3c", 1]);
  expect(format.open()(lines[0] ?? "")).toMatchObject({ client: "203.0.113.7", status: 200, durationMs: 15 });
});

test("W3C extended of CloudFront, with and without its head", () => {
  const { title, entries } = readFixture("cloudfront.log");
  expect(title).toBe("W3C extended log file format, as CloudFront writes it");
  expect(entries).toMatchObject([
    {
      client: "203.0.113.9",
      at: "2026-03-05T21:02:31.000000Z",
      path: "/index.html",
      host: "www.example.net",
      status: 200,
      bytes: 392,
      userAgent: "Mozilla/5.0 (Windows NT 10.0)",
      durationMs: 1,
    },
  ]);
  const headless = linesOf(join(FIXTURES, "cloudfront.log")).slice(2);
  expect(detectFormat(headless)).toMatchObject({ understood: 1, considered: 1 });
});

test("AWS load balancers: application and classic, quotes in the agent, a request that is not HTTP", () => {
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

test("Traefik's text format: unquoted dashes and further fields", () => {
  const { title, entries } = readFixture("traefik.log");
  expect(title).toBe("combined log format with further fields after the user agent");
  expect(entries.map((entry) => [entry.referrer, entry.userAgent, entry.durationMs])).toEqual([
    [null, "ExampleBrowser/1.0", 22],
    [null, "probe/1.0", 881],
    [null, null, 0],
  ]);
});

test.skipIf(!existsSync(SAMPLES))("every sample of ../shared is understood (skipped where they are absent)", () => {
  for (const name of readdirSync(SAMPLES).filter((file) => file.endsWith(".log"))) {
    const { understood, considered } = detectFormat(linesOf(join(SAMPLES, name)));
    expect([name, understood]).toEqual([name, considered]);
  }
});
