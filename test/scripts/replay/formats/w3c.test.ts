import { expect, test } from "vitest";
import { detectFormat } from "../../../../scripts/replay/formats/detect.ts";
import { w3c } from "../../../../scripts/replay/formats/w3c.ts";
import { formatTimestamp } from "../../../../src/model/time/time.ts";
import { fixtureLines, readFixture } from "./read-fixture.ts";

test("reads IIS logs whose fields change within the file", () => {
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

test("reads an IIS log without its beginning by the default fields of IIS", () => {
  const lines = fixtureLines("iis.log").slice(4, 5);
  const { format, understood } = detectFormat(lines);
  expect([format.name, understood]).toEqual(["w3c", 1]);
  expect(format.open()(lines[0] ?? "")).toMatchObject({ client: "203.0.113.7", status: 200, durationMs: 15 });
});

test("reads CloudFront logs with and without their beginning", () => {
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
  const headless = fixtureLines("cloudfront.log").slice(2);
  expect(detectFormat(headless)).toMatchObject({ understood: 1, considered: 1 });
});

test.each([
  ["#Date: 2026-03-05 20:18:01", "2026-03-05T20:18:01.000000Z"],
  ["#Date: 5-Mar-2026 00:00:00", "2026-03-05T20:18:01.000000Z"],
  ["#Start-Date: 2026-03-05 20:18:01", "2026-03-05T20:18:01.000000Z"],
])("takes the day from %s if lines have only a time", (directive, at) => {
  const read = w3c.open();
  const line = "20:18:01 203.0.113.7 GET /Default.htm 200";
  read("#Fields: time c-ip cs-method cs-uri-stem sc-status");
  expect(read(line)).toBeNull();
  read(directive);
  const entry = read(line);
  expect(entry).toMatchObject({ client: "203.0.113.7", path: "/Default.htm", status: 200 });
  expect(entry !== null && entry !== "directive" && formatTimestamp(entry.occurredAt)).toBe(at);
});
