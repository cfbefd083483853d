import { expect, test } from "vitest";
import { caddy } from "../../../../scripts/replay/formats/caddy.ts";
import { formatTimestamp } from "../../../../src/model/time/time.ts";
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

function read(ts: string, duration: string) {
  const request = '{"remote_ip":"203.0.113.20","method":"GET","host":"a.example","uri":"/"}';
  const entry = caddy.open()(`{"ts":${ts},"msg":"handled request","request":${request},"duration":${duration}}`);
  return entry === null || entry === "directive" ? null : { ...entry, at: formatTimestamp(entry.occurredAt) };
}

test.each([
  ["unix_seconds_float", "1772710000.12", "2026-03-05T11:26:40.120000Z"],
  ["unix_milli_float", "1772710000120.456", "2026-03-05T11:26:40.120456Z"],
  ["unix_nano", "1772710000120456789", "2026-03-05T11:26:40.120456Z"],
  ["iso8601", '"2026-03-05T12:26:40.120+0100"', "2026-03-05T11:26:40.120000Z"],
  ["rfc3339_nano", '"2026-03-05T11:26:40.120456789Z"', "2026-03-05T11:26:40.120456Z"],
  ["wall_nano", '"2026/03/05 11:26:40.120456789"', "2026-03-05T11:26:40.120456Z"],
  ["common_log", '"05/Mar/2026:11:26:40 +0000"', "2026-03-05T11:26:40.000000Z"],
])("reads a time in the time_format %s", (_, ts, at) => {
  expect(read(ts, "0.1")?.at).toBe(at);
});

test.each([
  ["seconds", "0.000929675", 0.93],
  ["seconds", "3", 3_000],
  ["nano", "929675", 0.93],
  ["string", '"1m2.5s"', 62_500],
])("reads a duration in the duration_format %s: %s", (_, duration, durationMs) => {
  expect(read("1772710000.12", duration)?.durationMs).toBe(durationMs);
});
