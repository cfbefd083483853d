import { expect, test } from "vitest";
import { readCombinedTail } from "../../../../scripts/replay/formats/combined-tail.ts";
import { readFixture } from "./read-fixture.ts";

test("reads Traefik's text format, with unquoted dashes and further fields", () => {
  const { title, entries } = readFixture("traefik.log");
  expect(title).toBe("combined log format with further fields after the user agent");
  expect(entries.map((entry) => [entry.referrer, entry.userAgent, entry.durationMs])).toEqual([
    [null, "ExampleBrowser/1.0", 22],
    [null, "probe/1.0", 881],
    [null, null, 0],
  ]);
});

test.each<[string, ReturnType<typeof readCombinedTail>]>([
  ["", { referrer: null, userAgent: null, extras: [], fields: 0, isCut: false }],
  [' "-" "agent/1.0"', { referrer: null, userAgent: "agent/1.0", extras: [], fields: 2, isCut: false }],
  [" - -", { referrer: null, userAgent: null, extras: [], fields: 2, isCut: false }],
  [' 12 0.5 "/a" "b"', { referrer: "/a", userAgent: "b", extras: [], fields: 2, isCut: false }],
  [' "/a" "b" "c d" 7', { referrer: "/a", userAgent: "b", extras: ['"c d"', "7"], fields: 4, isCut: false }],
  [' "/a" "say \\"hi\\""', { referrer: "/a", userAgent: 'say "hi"', extras: [], fields: 2, isCut: false }],
  [' "/a" "Alba 10" Build"', { referrer: "/a", userAgent: 'Alba 10" Build', extras: [], fields: 2, isCut: false }],
  [' "/a" "cut wit', { referrer: "/a", userAgent: "cut wit", extras: [], fields: 2, isCut: true }],
  [' "/cu', { referrer: "/cu", userAgent: null, extras: [], fields: 1, isCut: true }],
])("reads %s after the bytes", (text, expected) => {
  expect(readCombinedTail(text)).toEqual(expected);
});
