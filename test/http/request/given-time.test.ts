import { describe, expect, it } from "vitest";
import { readGivenTime, TIME_FORMS } from "../../../src/http/request/given-time";

const at = (text: string) => Date.parse(text) * 1_000;

describe("readGivenTime", () => {
  it("reads a date as its first microsecond", () => {
    expect(readGivenTime("2021-01-01")).toEqual({ kind: "date", at: at("2021-01-01T00:00Z") });
  });

  it.each(["2021-01-01T10:00", "2021-01-01 10:00:00", "20210101T100000"])("sees no zone in %s", (text) => {
    expect(readGivenTime(text)).toEqual({ kind: "local", at: at("2021-01-01T10:00Z") });
  });

  it.each([
    ["2021-01-01T10:00Z", "2021-01-01T10:00Z"],
    ["2021-01-01t10:00:00z", "2021-01-01T10:00Z"],
    ["2021-01-01T10:00-05:00", "2021-01-01T15:00Z"],
    ["Fri, 01 Jan 2021 10:00:00 GMT", "2021-01-01T10:00Z"],
  ])("sees the zone in %s", (text, moment) => {
    expect(readGivenTime(text)).toEqual({ kind: "moment", at: at(moment) });
  });

  it.each([
    ["2021-01-01T10:00 03:00", "2021-01-01T07:00Z"],
    ["2021-01-01T10:00:00.5 0300", "2021-01-01T07:00:00.5Z"],
    ["20210101T100000 0300", "2021-01-01T07:00Z"],
    ["2021-01-01T10:00 03", "2021-01-01T07:00Z"],
  ])("takes the space in %s for the plus sign that the URL lost", (text, moment) => {
    expect(readGivenTime(text)).toEqual({ kind: "moment", at: at(moment) });
  });

  it.each(["", "yesterday", "2021-02-30", "2021-1-1", "2021-01-01T25:00"])("refuses %j", (text) => {
    expect(readGivenTime(text)).toBeNull();
  });

  it("names a date among the forms", () => {
    expect(TIME_FORMS).toMatch(/a date such as 2021-01-01$/);
  });
});
