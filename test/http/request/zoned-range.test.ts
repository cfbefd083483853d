import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { Refusal } from "../../../src/http/problem";
import { readZonedRange, ZonedRangeParameters } from "../../../src/http/request/zoned-range";
import { expectRefusal } from "../expect-refusal";

const Range = v.object(ZonedRangeParameters);
const at = (text: string) => Date.parse(text) * 1_000;

function read(asked: Record<string, string>) {
  const range = readZonedRange(v.parse(Range, asked));
  if (range instanceof Refusal) throw new Error(range.detail);
  return range;
}

describe("readZonedRange", () => {
  it("has null for what is not given, in UTC", () => {
    expect(read({})).toEqual({ start: null, end: null });
    expect(v.parse(Range, {}).timezone.name).toBe("UTC");
  });

  it.each([
    ["a date is the whole day in its zone", "2021-01-01", "Europe/Berlin", "2020-12-31T23:00Z", "2021-01-01T23:00Z"],
    [
      "a day on which clocks change has 23 hours",
      "2021-03-28",
      "Europe/Berlin",
      "2021-03-27T23:00Z",
      "2021-03-28T22:00Z",
    ],
    ["a date in an offset", "2021-01-01", "-05:00", "2021-01-01T05:00Z", "2021-01-02T05:00Z"],
  ])("%s", (_, date, timezone, start, end) => {
    expect(read({ start_date: date, end_date: date, timezone })).toEqual({ start: at(start), end: at(end) });
  });

  it.each([
    ["2021-01-01T10:00", "2021-01-01T09:00Z"],
    ["2021-01-01 10:00:00.000001", "2021-01-01T09:00Z"],
    ["2021-01-01T10:00Z", "2021-01-01T10:00Z"],
    ["2021-01-01T10:00+03:00", "2021-01-01T07:00Z"],
    // An unescaped plus sign in a URL.
    ["2021-01-01T10:00 03:00", "2021-01-01T07:00Z"],
    ["20210101T100000 0300", "2021-01-01T07:00Z"],
    ["Fri, 01 Jan 2021 10:00:00 GMT", "2021-01-01T10:00Z"],
  ])("reads %s in Berlin, unless it names a zone, and includes its microsecond", (text, moment) => {
    const micros = text.endsWith("000001") ? 1 : 0;
    expect(read({ start_date: text, end_date: text, timezone: "Europe/Berlin" })).toEqual({
      ...{ start: at(moment) + micros, end: at(moment) + micros + 1 },
    });
  });

  it("reads a time that the clocks skip as that of the change, and one that they show twice as the first", () => {
    const berlin = (text: string) => read({ start_date: text, timezone: "Europe/Berlin" }).start;
    expect(berlin("2021-03-28T02:30")).toBe(at("2021-03-28T01:00Z"));
    expect(berlin("2021-10-31T02:30")).toBe(at("2021-10-31T00:30Z"));
  });

  it("refuses an end before the start, but not the same microsecond", () => {
    const moment = "2021-01-01T10:00:00.000001";
    expect(read({ start_date: moment, end_date: moment }).start).toBe(at("2021-01-01T10:00Z") + 1);
    const reversed = v.parse(Range, { start_date: moment, end_date: "2021-01-01T10:00:00" });
    expect(expectRefusal(readZonedRange(reversed), "invalid_parameter").members).toEqual({ parameter: "start_date" });
  });
});

it.each([
  [{ timezone: "Mars" }, /Europe\/Berlin/],
  [{ timezone: "x".repeat(65) }, /65/],
  [{ start_date: "yesterday" }, /a date such as 2021-01-01/],
  [{ end_date: "2021-02-30" }, /a date such as 2021-01-01/],
])("refuses %j", (asked, message) => {
  const { issues = [] } = v.safeParse(Range, asked);
  expect(issues[0]?.message).toMatch(message);
});
