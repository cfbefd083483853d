import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatTimestamp, momentOf, parseTimestamp } from "../../../src/model/time/time";

describe("parseTimestamp", () => {
  it.each([
    ["2021-01-01 09:15:27.243860", 1_609_492_527_243_860],
    ["2021-01-01T09:15:27.243860Z", 1_609_492_527_243_860],
    ["2021-01-01T09:15:27.24386", 1_609_492_527_243_860],
    ["2021-01-01t09:15:27,243860z", 1_609_492_527_243_860],
    ["2021-01-01T11:15:27.243860+02:00", 1_609_492_527_243_860],
    ["2021-01-01T03:45:27.243860-0530", 1_609_492_527_243_860],
    ["2021-01-01T11:15:27.243860+02", 1_609_492_527_243_860],
    ["2021-01-01 09:15", 1_609_492_500_000_000],
    ["1970-01-01T00:00:00Z", 0],
    ["2024-02-29T00:00:00Z", 1_709_164_800_000_000],
    ["9999-12-31T23:59:59Z", 253_402_300_799_000_000],
    // Nanoseconds of Go, 100 ns of .NET.
    ["2015-05-17T10:05:03.201712623Z", 1_431_857_103_201_712],
    ["2015-05-17T12:05:03.2017129+02:00", 1_431_857_103_201_712],
    ["2021-01-01 09:15:27.2438609999999999", 1_609_492_527_243_860],
    // Leap seconds.
    ["2016-12-31T23:59:60Z", 1_483_228_800_000_000],
    ["2017-01-01T05:29:60.5+05:30", 1_483_228_800_500_000],
    ["20161231T235960Z", 1_483_228_800_000_000],
    ["Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_800_000_000],
    // Basic format.
    ["20260401T100000Z", 1_775_037_600_000_000],
    ["20260401T1000", 1_775_037_600_000_000],
    ["20260401t100000.123456789+0200", 1_775_030_400_123_456],
    ["20260401T100000,5-05:30", 1_775_057_400_500_000],
    // HTTP dates.
    ["Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777_000_000],
    ["Thu, 29 Feb 2024 00:00:00 GMT", 1_709_164_800_000_000],
  ])("reads %s", (text, micros) => {
    expect(parseTimestamp(text)).toBe(micros);
  });

  it.each([
    "",
    "not a date",
    "2021-01-01",
    "1609492527",
    "1609492527.243860",
    "20260401",
    "20260401100000",
    "2021-13-01 00:00:00",
    "2021-00-01 00:00:00",
    "2021-02-29 00:00:00",
    "2021-01-01 24:00:00",
    "2021-01-01 09:60:00",
    "2021-01-01 09:15:61",
    "2021-01-01 09:15:27.",
    "2021-01-01 09:15:27+25:00",
    "1969-12-31T23:59:59Z",
    "1970-01-01T00:00:00+01:00",
    "0070-01-01T00:00:00Z",
    "10000-01-01T00:00:00Z",
    "9999-12-31T23:59:60Z",
    "9999-12-31T23:59:59-00:01",
    " 2021-01-01 09:15:27",
    `2021-01-01 09:15:27.${"1".repeat(60)}`,
    "20260230T100000Z",
    "20260401 100000",
    "20260401T10:00:00Z",
    "2026-04-01T100000Z",
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 06 Nov 1994 08:49:37 CET",
    "Sun, 31 Feb 1994 08:49:37 GMT",
    "Sun, 06 Nop 1994 08:49:37 GMT",
    "Sun, 06 Nov 1964 08:49:37 GMT",
    "06 Nov 1994 08:49:37 GMT",
  ])("refuses %s", (text) => {
    expect(parseTimestamp(text)).toBeNull();
    expect(momentOf(text)).toBeNull();
  });
});

/** From 1970 to the end of the last year whose microseconds a double can hold. */
const anyMoment = fc.integer({ min: 0, max: 8_990_000_000_000_000 });

/** A time in the local time of an offset. */
function inZone(micros: number, offsetMinutes: number): string {
  const size = Math.abs(offsetMinutes);
  const offset = [Math.floor(size / 60), size % 60].map((part) => String(part).padStart(2, "0")).join(":");
  return formatTimestamp(micros + offsetMinutes * 60_000_000).replace("Z", `${offsetMinutes < 0 ? "-" : "+"}${offset}`);
}

const basic = (text: string) => text.replace(/-(?=\d\d-|\d\dT)/g, "").replace(/:/g, "");

describe("every time reads back to the microsecond", () => {
  it.each<[string, (micros: number) => string]>([
    ["as it is returned", formatTimestamp],
    ["without a zone", (micros) => formatTimestamp(micros).replace("Z", "").replace("T", " ")],
    ["with nanoseconds", (micros) => formatTimestamp(micros).replace("Z", "999Z")],
    ["with a comma", (micros) => formatTimestamp(micros).replace(".", ",")],
    ["in basic format", (micros) => basic(formatTimestamp(micros))],
  ])("%s", (_, form) => {
    fc.assert(
      fc.property(anyMoment, (micros) => {
        expect(momentOf(form(micros))).toBe(micros);
      }),
    );
  });

  it("with an offset, in both formats", () => {
    const offset = fc.integer({ min: -14 * 60, max: 14 * 60 });
    fc.assert(
      fc.property(anyMoment, offset, (moment, minutes) => {
        const micros = moment + 24 * 60 * 60 * 1_000_000;
        const text = inZone(micros, minutes);
        expect(parseTimestamp(text)).toBe(micros);
        expect(parseTimestamp(basic(text))).toBe(micros);
      }),
    );
  });

  it("to the second, as an HTTP date", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
        expect(parseTimestamp(new Date(seconds * 1000).toUTCString())).toBe(seconds * 1_000_000);
      }),
    );
  });

  it("as a number of seconds, milliseconds or microseconds with the decimals of its text", () => {
    const digits = (micros: number, decimals: number) =>
      Number(`${Math.floor(micros / 10 ** decimals)}.${String(micros % 10 ** decimals).padStart(decimals, "0")}`);
    // Until 2242, a double distinguishes the microseconds of a second.
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 33 * 1_000_000 - 1 }), (micros) => {
        expect(momentOf(digits(micros, 6))).toBe(micros);
      }),
    );
    // Smaller numbers are read as seconds or milliseconds.
    fc.assert(
      fc.property(fc.integer({ min: 1e14, max: 2 ** 33 * 1_000_000 }), (micros) => {
        expect(momentOf(digits(micros, 3))).toBe(micros);
        expect(momentOf(micros)).toBe(micros);
      }),
    );
  });
});

describe("momentOf a number", () => {
  it.each([
    [0, 0],
    [-0, 0],
    [1e-7, 0],
    [0.000001, 1],
    [0.1, 100_000],
    [1_609_492_527, 1_609_492_527_000_000],
    [1_609_492_527.24386, 1_609_492_527_243_860],
    [1_609_492_527.2438605, 1_609_492_527_243_860],
    [1_609_492_527_243, 1_609_492_527_243_000],
    [1_609_492_527_243.86, 1_609_492_527_243_860],
    [1_609_492_527_243_860, 1_609_492_527_243_860],
    [1_609_492_527_243_860.5, 1_609_492_527_243_860],
    [99_999_999_999, 99_999_999_999_000_000],
    [100_000_000_000, 100_000_000_000_000],
    [99_999_999_999_999, 99_999_999_999_999_000],
    [100_000_000_000_000, 100_000_000_000_000],
  ])("reads %d", (number, micros) => {
    expect(momentOf(number)).toBe(micros);
  });

  it.each([-1, -0.5, 1e17, 1.6e18, Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_VALUE])("refuses %d", (number) => {
    expect(momentOf(number)).toBeNull();
  });

  it("refuses values that are neither text nor number", () => {
    for (const value of [null, undefined, true, [], {}, [1_609_492_527]]) expect(momentOf(value)).toBeNull();
  });
});
