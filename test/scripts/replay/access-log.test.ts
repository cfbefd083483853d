import { expect, test } from "vitest";
import { parseLogLine } from "../../../scripts/replay/access-log.ts";
import { formatTimestamp } from "../../../src/model/time.ts";

const COMBINED =
  '83.149.9.216 - - [17/May/2015:10:05:03 +0000] "GET /images/search.png HTTP/1.1" 200 203023 "http://example.com/a" "Mozilla/5.0 (X11)"';

test("reads each field of the combined format", () => {
  expect(parseLogLine(COMBINED)).toEqual({
    address: "83.149.9.216",
    occurredAt: Date.UTC(2015, 4, 17, 10, 5, 3) * 1000,
    request: "GET /images/search.png HTTP/1.1",
    method: "GET",
    path: "/images/search.png",
    status: 200,
    bytes: 203023,
    referrer: "http://example.com/a",
    userAgent: "Mozilla/5.0 (X11)",
  });
});

test("reads the common format, which has neither referrer nor user agent", () => {
  const line = '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326';
  const entry = parseLogLine(line);
  expect(entry).toMatchObject({ path: "/apache_pb.gif", referrer: null, userAgent: null });
  expect(formatTimestamp(entry?.occurredAt ?? 0)).toBe("2000-10-10T20:55:36.000000Z");
});

test("escaped quotes and backslashes in the request and the user agent are undone", () => {
  const entry = parseLogLine(
    String.raw`10.0.0.1 - - [01/Jan/2020:00:00:00 +0000] "GET /?q=\"a b\" HTTP/1.1" 200 - "-" "say \"hi\" \\ bye"`,
  );
  expect(entry).toMatchObject({
    path: '/?q="a b"',
    bytes: null,
    referrer: null,
    userAgent: String.raw`say "hi" \ bye`,
  });
});

test("an IPv6 visitor, and a user name with a space", () => {
  expect(parseLogLine(COMBINED.replace("83.149.9.216 - -", "2001:db8::1 - john doe"))?.address).toBe("2001:db8::1");
});

test("a request that is not HTTP is understood, with its text and neither method nor path", () => {
  const line = String.raw`10.0.0.1 - - [01/Jan/2020:00:00:00 +0000] "\x16\x03\x01" 400 226 "-" "-"`;
  expect(parseLogLine(line)).toMatchObject({
    request: String.raw`\x16\x03\x01`,
    method: null,
    path: null,
    status: 400,
    userAgent: null,
  });
  expect(parseLogLine(line.replace(String.raw`\x16\x03\x01`, "-"))).toMatchObject({ method: null, path: null });
});

test("further fields after the user agent are let be", () => {
  expect(parseLogLine(`${COMBINED} "session=1" 0.004`)).toEqual(parseLogLine(COMBINED));
});

test("a user agent that the logger cut off is kept as far as it goes", () => {
  expect(parseLogLine(COMBINED.slice(0, -5))?.userAgent).toBe("Mozilla/5.0 (");
});

test.each([
  ["free text", "hello"],
  ["a day that does not exist", COMBINED.replace("17/May", "31/Jun")],
  ["an unknown month", COMBINED.replace("May", "Mai")],
  ["an hour past 23", COMBINED.replace(":10:05:03", ":24:05:03")],
  ["an open quote before the user agent", COMBINED.replace('search.png HTTP/1.1"', "search.png")],
  ["a status of words", COMBINED.replace(" 200 ", " OK ")],
  ["a year before 1970", COMBINED.replace("2015", "1969")],
])("%s is not understood", (_, line) => {
  expect(parseLogLine(line)).toBeNull();
});
