import { expect, it } from "vitest";
import { type CastType, cast, momentIn } from "../../../src/model/repair/cast";

it.each<[CastType, unknown, unknown]>([
  ["number", " 12.50 ", 12.5],
  ["number", "twelve", "twelve"],
  ["number", "", ""],
  ["integer", "12", 12],
  ["integer", "12.5", "12.5"],
  ["integer", "9007199254740991", 9_007_199_254_740_991],
  // A double would make these ...992 and ...800.
  ["integer", "9007199254740993", "9007199254740993"],
  ["number", "-12345678901234567891", "-12345678901234567891"],
  ["string", 12.5, "12.5"],
  ["string", { a: 1 }, { a: 1 }],
  ["boolean", "TRUE", true],
  ["boolean", 0, false],
  ["boolean", "on", true],
  ["boolean", "N", false],
  ["boolean", "maybe", "maybe"],
  ["timestamp", 1_609_492_527, "2021-01-01T09:15:27.000000Z"],
  ["timestamp", "1609492527243", "2021-01-01T09:15:27.243000Z"],
  ["timestamp", 1_609_492_527_243_860, "2021-01-01T09:15:27.243860Z"],
  ["timestamp", 1_609_492_527.24386, "2021-01-01T09:15:27.243860Z"],
  ["timestamp", "1609492527.243860", "2021-01-01T09:15:27.243860Z"],
  ["timestamp", "1609492527243860", "2021-01-01T09:15:27.243860Z"],
  ["timestamp", " 2021-01-01 09:15:27.24386 ", "2021-01-01T09:15:27.243860Z"],
  ["timestamp", "2015-05-17T10:05:03.201712623Z", "2015-05-17T10:05:03.201712Z"],
  ["timestamp", "20260401T100000+0200", "2026-04-01T08:00:00.000000Z"],
  ["timestamp", "2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z"],
  ["timestamp", "Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37.000000Z"],
  // A date, an access log, mail, JavaScript.
  ["timestamp", "2026-04-01", "2026-04-01T00:00:00.000000Z"],
  ["timestamp", "20260401", "2026-04-01T00:00:00.000000Z"],
  ["timestamp", "20261301", "20261301"],
  ["timestamp", "2026-02-30", "2026-02-30"],
  ["timestamp", "01/Apr/2026:10:00:00 +0200", "2026-04-01T08:00:00.000000Z"],
  ["timestamp", "[01/Apr/2026:10:00:00 +0000]", "2026-04-01T10:00:00.000000Z"],
  ["timestamp", "01/Apz/2026:10:00:00 +0200", "01/Apz/2026:10:00:00 +0200"],
  ["timestamp", "Wed, 1 Apr 2026 10:00:00 +0200", "2026-04-01T08:00:00.000000Z"],
  ["timestamp", "1 Apr 2026 10:00 GMT", "2026-04-01T10:00:00.000000Z"],
  ["timestamp", "Wed Apr 01 2026 10:00:00 GMT+0200 (Central European Summer Time)", "2026-04-01T08:00:00.000000Z"],
  // Go's UnixNano, as a number and as OpenTelemetry writes it; .NET.
  ["timestamp", 1_775_037_600_123_456_800, "2026-04-01T10:00:00.123456Z"],
  ["timestamp", "1775037600123456999", "2026-04-01T10:00:00.123456Z"],
  ["timestamp", "/Date(1775037600123)/", "2026-04-01T10:00:00.123000Z"],
  ["timestamp", "/Date(1775037600123+0200)/", "2026-04-01T10:00:00.123000Z"],
  ["timestamp", "20260401100000", "2026-04-01T10:00:00.000000Z"],
  ["timestamp", "20261301100000", "20261301100000"],
  ["timestamp", "2026-04-01 10:00:00 UTC", "2026-04-01T10:00:00.000000Z"],
  ["timestamp", "Wednesday, 01-Apr-26 10:00:00 GMT", "2026-04-01T10:00:00.000000Z"],
  ["timestamp", "yesterday", "yesterday"],
  ["timestamp", "", ""],
  ["timestamp", -1, -1],
  ["timestamp", true, true],
])("as %s, %j is %j", (type, value, expected) => {
  expect(cast(value, type)).toEqual(expected);
});

it.each([
  ["1609492527243", 1_609_492_527_243_000],
  [" 2021-01-01 09:15:27.243 ", 1_609_492_527_243_000],
  ["soon", null],
  [null, null],
  [{}, null],
])("the time in %j is %j", (value, moment) => {
  expect(momentIn(value)).toBe(moment);
});
