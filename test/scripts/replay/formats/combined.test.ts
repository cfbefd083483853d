import { expect, test } from "vitest";
import { combined } from "../../../../scripts/replay/formats/combined.ts";
import type { LogEntry } from "../../../../scripts/replay/formats/entry.ts";
import { formatTimestamp } from "../../../../src/model/time/time.ts";

const LINE =
  '83.149.9.216 - - [17/May/2015:10:05:03 +0000] "GET /images/search.png HTTP/1.1" 200 203023 "http://example.com/a" "Mozilla/5.0 (X11)"';

const readLine = combined.open();

function read(line: string): LogEntry | null {
  const entry = readLine(line);
  return entry === "directive" ? null : entry;
}

const withTail = (tail: string) => read(`10.0.0.1 - - [01/Jan/2020:00:00:00 +0000] "GET / HTTP/1.1" 200 5${tail}`);

test("reads each field of the combined format", () => {
  expect(read(LINE)).toEqual({
    client: "83.149.9.216",
    occurredAt: Date.UTC(2015, 4, 17, 10, 5, 3) * 1000,
    request: null,
    method: "GET",
    path: "/images/search.png",
    host: null,
    status: 200,
    bytes: 203023,
    referrer: "http://example.com/a",
    userAgent: "Mozilla/5.0 (X11)",
    durationMs: null,
    fields: 2,
    isCut: false,
  });
});

test("reads the common format, which has neither referrer nor user agent", () => {
  const entry = read('127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326');
  expect(entry).toMatchObject({ path: "/apache_pb.gif", referrer: null, userAgent: null });
  expect(formatTimestamp(entry?.occurredAt ?? 0)).toBe("2000-10-10T20:55:36.000000Z");
});

test.each([
  ["a virtual host with a port", "shop.example:443 203.0.113.7 - -", "203.0.113.7", "shop.example"],
  ["a virtual host", "shop.example 203.0.113.7 - -", "203.0.113.7", "shop.example"],
  ["a virtual host that is an address", "198.51.100.1:443 203.0.113.7 - -", "203.0.113.7", "198.51.100.1"],
  ["a virtual host and a visitor's name", "shop.example:80 crawl.example.net - -", "crawl.example.net", "shop.example"],
  ["a virtual host and no visitor", "shop.example:80 - - -", null, "shop.example"],
  ["a list of proxies", "203.0.113.17, 10.0.0.2, 10.0.0.3 - -", "203.0.113.17", null],
  ["a list without spaces", "203.0.113.17,10.0.0.2 - -", "203.0.113.17", null],
  ["a list that begins with an internal address", "192.168.1.4, 203.0.113.17, 10.0.0.2 - -", "203.0.113.17", null],
  ["a list of internal addresses", "192.168.1.4, 10.0.0.2 - -", "192.168.1.4", null],
  ["a list with `unknown`", "unknown, 203.0.113.18 - -", "203.0.113.18", null],
  ["a quoted list", '"203.0.113.17, 10.0.0.2" - -', "203.0.113.17", null],
  ["a list and the proxy's own address", "203.0.113.17, 10.0.0.2 10.0.0.3 - -", "203.0.113.17", null],
  ["an empty list and the address", "- 203.0.113.19 - -", "203.0.113.19", null],
  ["a virtual host and a list", "shop.example:443 203.0.113.17, 10.0.0.2 - jane doe", "203.0.113.17", "shop.example"],
  ["an address with a port", "203.0.113.7:51234 - -", "203.0.113.7", null],
  ["IPv6", "2001:db8::1 - -", "2001:db8::1", null],
  ["IPv4 in IPv6", "::ffff:203.0.113.94 - -", "203.0.113.94", null],
  ["an IPv6 address with a zone", "fe80::1%eth0 - -", "fe80::1%eth0", null],
  ["a host name", "crawl-7.example.net - -", "crawl-7.example.net", null],
  ["a user of several words", "203.0.113.94 - Jane Q. Doe", "203.0.113.94", null],
  ["a user with brackets", "203.0.113.94 - a[b]c", "203.0.113.94", null],
  ["a user that looks like an address", "203.0.113.94 - 198.51.100.7", "203.0.113.94", null],
  ["no address", "- - -", null, null],
  ["a socket", "unix: - -", null, null],
  ["a virtual host and its port in two fields", "shop.example 443 203.0.113.7 - -", "203.0.113.7", "shop.example"],
  ["these and a list", "shop.example 443 203.0.113.7, 10.0.0.2 - -", "203.0.113.7", "shop.example"],
  ["the server's address and port", "10.0.0.5 443 203.0.113.7 - -", "203.0.113.7", null],
  ["other fields", "0af7651916cd43dd web-1 203.0.113.7 - jane", "203.0.113.7", null],
])("finds the visitor in %s before the time", (_, prefix, client, host) => {
  expect(read(LINE.replace("83.149.9.216 - -", prefix))).toMatchObject({ client, host });
});

test("takes the visitor from X-Forwarded-For at the end, as in nginx's main format", () => {
  const line = LINE.replace("83.149.9.216", "10.0.0.2");
  expect(read(`${line} "203.0.113.5, 10.0.0.1"`)?.client).toBe("203.0.113.5");
  expect(read(`${line} "-"`)?.client).toBe("10.0.0.2");
  expect(read(`${line} "10.0.0.7:8080" 0.01`)?.client).toBe("10.0.0.2");
});

test.each([
  [String.raw` "-" "say \"hi\" \\ bye"`, null, String.raw`say "hi" \ bye`],
  [String.raw` "-" "Alba 10\x22 caf\xc3\xa9"`, null, 'Alba 10" café'],
  [String.raw` "-" "\x16\x03"`, null, String.raw`\x16\x03`],
  [' "-" "Alba 10" Build"', null, 'Alba 10" Build'],
  [' "-" "a"b" c"', null, 'a"b" c'],
  [' "-" "\'"<script>alert(1);</script>"', null, "'\"<script>alert(1);</script>"],
  [' "https://a.example/?q="x"" "u"', 'https://a.example/?q="x"', "u"],
  [' "https://a.example/?q=say "hi" now" "u" 0.004', 'https://a.example/?q=say "hi" now', "u"],
  [' "-" "Alba 10" Build" 162 "web@docker" - 2ms', null, 'Alba 10" Build'],
  [' - "probe/1.0" 50405 "a" "http://b:80" 881ms', null, "probe/1.0"],
  [" - - 50410 - - 0ms", null, null],
  [' 0.034 "-" "u"', null, "u"],
  [' "-" "agent" "session=1" 0.004', null, "agent"],
  [' "https://a.example/"', "https://a.example/", null],
  ["", null, null],
])("keeps referrer and user agent whole in %s after the bytes", (tail, referrer, userAgent) => {
  expect(withTail(tail)).toMatchObject({ referrer, userAgent });
});

test("unescaped quotes in the request are kept", () => {
  expect(read(LINE.replace("/images/search.png", '/?q="x"'))?.path).toBe('/?q="x"');
});

test("a time in brackets within a referrer or a user agent is a part of it", () => {
  const time = "[05/Mar/2026:10:00:01 +0000]";
  expect(withTail(` "-" "a ${time} b"`)?.userAgent).toBe(`a ${time} b`);
  expect(withTail(` "-" "${time} \\"GET / HTTP/1.1\\" 200 5"`)?.userAgent).toBe(`${time} "GET / HTTP/1.1" 200 5`);
});

test("the duration at the end of a line of Traefik is read", () => {
  expect(withTail(' "-" "-" 1 "a" "b" 22ms')?.durationMs).toBe(22);
});

test("a request that is not HTTP is understood, with its text and neither method nor path", () => {
  const line = LINE.replace("GET /images/search.png HTTP/1.1", String.raw`\x16\x03\x01`);
  expect(read(line)).toMatchObject({ request: String.raw`\x16\x03\x01`, method: null, path: null });
  expect(read(LINE.replace("GET /images/search.png HTTP/1.1", "-"))).toMatchObject({ request: "-", method: null });
});

test("keeps the beginning of a user agent that the logger cut, and marks the line as cut", () => {
  expect(read(LINE.slice(0, -5))).toMatchObject({ userAgent: "Mozilla/5.0 (", isCut: true });
});

test.each([
  ["one digit for the day", "[5/Mar/2026:15:00:03 +0000]", "2026-03-05T15:00:03.000000Z"],
  ["decimals", "[05/Mar/2026:15:00:03.123 +0000]", "2026-03-05T15:00:03.123000Z"],
  ["ISO 8601", "[2026-03-05T15:00:03+01:00]", "2026-03-05T14:00:03.000000Z"],
  ["no zone", "[05/Mar/2026:15:00:03]", "2026-03-05T15:00:03.000000Z"],
  ["a leap second", "[31/Dec/2016:23:59:60 +0000]", "2017-01-01T00:00:00.000000Z"],
])("a time with %s is read", (_, time, expected) => {
  const entry = read(LINE.replace(/\[.*?\]/, time));
  expect(formatTimestamp(entry?.occurredAt ?? 0)).toBe(expected);
});

test.each([
  ["free text", "hello"],
  ["a day that does not exist", LINE.replace("17/May", "31/Jun")],
  ["an unknown month", LINE.replace("May", "Mai")],
  ["an hour past 23", LINE.replace(":10:05:03", ":24:05:03")],
  ["a line cut in the request", LINE.slice(0, 60)],
  ["a status of words", LINE.replace(" 200 ", " OK ")],
  [
    "the visitor after the time, as in S3,",
    LINE.replace("83.149.9.216 - -", "owner bucket").replace("] ", "] 192.0.2.3 "),
  ],
  ["two lines without a line end between them", LINE + LINE],
  ["a line cut in the request, and the next one", LINE.slice(0, 60) + LINE],
  ["a line cut in the user agent, and the next one", LINE.slice(0, -5) + LINE],
  ["a year before 1970", LINE.replace("2015", "1969")],
])("%s is not understood", (_, line) => {
  expect(read(line)).toBeNull();
});

test.each([
  ["quotes in the agent", LINE.replace("Mozilla", '" '.repeat(60_000))],
  ["quotes in the request", LINE.replace("/images", '" '.repeat(60_000))],
  ["backslashes", LINE.replace("Mozilla", "\\".repeat(120_000))],
])("reads a long line of %s in linear time", (_, line) => {
  const began = performance.now();
  read(line);
  expect(performance.now() - began).toBeLessThan(2_000);
});

test("describes the variant of the format", () => {
  const describeLines = (...lines: string[]) => combined.describe?.(lines);
  expect(describeLines(LINE)).toBe("combined log format");
  expect(describeLines('1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 2')).toBe("common log format");
  expect(describeLines(`a.example:80 ${LINE} 5`)).toBe(
    "combined log format with a virtual host before the address and further fields after the user agent",
  );
  expect(describeLines(`1.2.3.4, ${LINE}`)).toBe("combined log format with a list of proxies before the user");
});
