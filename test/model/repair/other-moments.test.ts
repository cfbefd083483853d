import { expect, it } from "vitest";
import { isoOf } from "../../../src/model/repair/other-moments";

it.each([
  ["a date", "2026-04-01", "2026-04-01T00:00Z"],
  ["a date without dashes", "20260401", "2026-04-01T00:00Z"],
  ["an access log", "01/Apr/2026:10:00:00 +0200", "2026-04-01T10:00:00+0200"],
  ["an access log in brackets", "[01/Dec/2026:10:00:00 -0530]", "2026-12-01T10:00:00-0530"],
  ["mail", "Wed, 1 Apr 2026 10:00:00 +0200", "2026-04-01T10:00:00+0200"],
  ["mail without day, seconds and offset", "1 Apr 2026 10:00 UT", "2026-04-01T10:00Z"],
  ["a date with slashes", "2026/04/01", "2026-04-01T00:00Z"],
  ["Go's log package", "2026/04/01 10:00:00.123456", "2026-04-01T10:00:00.123456Z"],
  ["fourteen digits", "20260401100000", "20260401T100000Z"],
  ["SQL", "2026-04-01 10:00:00.5 UTC", "2026-04-01T10:00:00.5Z"],
  ["Ruby", "2026-04-01 10:00:00 +0200", "2026-04-01T10:00:00+0200"],
  ["Go", "2026-04-01 10:00:00.123456789 +0200 CEST m=+0.000012", "2026-04-01T10:00:00.123456789+0200"],
  ["Go without a zone's name", "2026-04-01 10:00:00 -0300 -03", "2026-04-01T10:00:00-0300"],
  ["Java", "2026-04-01T10:00:00+02:00[Europe/Paris]", "2026-04-01T10:00:00+02:00"],
  ["Java in UTC", "2026-04-01T10:00Z[UTC]", "2026-04-01T10:00Z"],
  ["an access log with decimals", "01/Apr/2026:10:00:00.123 +0200", "2026-04-01T10:00:00.123+0200"],
  ["RFC 850", "Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z"],
  ["C's asctime", "Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37Z"],
  ["Apache's error log", "Wed Apr 01 10:00:00.123456 2026", "2026-04-01T10:00:00.123456Z"],
  ["JavaScript", "Wed Apr 01 2026 10:00:00 GMT-0700 (Pacific Daylight Time)", "2026-04-01T10:00:00-0700"],
  ["JavaScript without the name of the zone", "Wed Apr 01 2026 10:00:00 GMT+0000", "2026-04-01T10:00:00+0000"],
])("rewrites the form of %s", (_, text, iso) => {
  expect(isoOf(text)).toBe(iso);
});

// `momentOf` refuses it then: there is no month 0 and no 30 February.
it.each([
  ["01/Apz/2026:10:00:00 +0200", "2026-00-01T10:00:00+0200"],
  ["2026-02-30", "2026-02-30T00:00Z"],
])("does not check whether %s exists", (text, iso) => {
  expect(isoOf(text)).toBe(iso);
});

it.each(["", "yesterday", "2026-4-1", "2026-04-01 ", "1/4/2026", "01/Apr/2026:10:00:00", "1 Apr 2026 10:00:00 CEST"])(
  "returns null for %j",
  (text) => {
    expect(isoOf(text)).toBeNull();
  },
);
