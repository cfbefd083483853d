import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { rangeOf } from "../../../src/api/sequences/sequence-range";
import { SequenceMembers } from "../../../src/api/sequences/sequence-schemas";
import { expectRefusal } from "../../http/expect-refusal";

const Range = v.object(SequenceMembers);
const at = (text: string) => Date.parse(text) * 1_000;

/** The Monday after the clocks went forward in Berlin. */
const NOW = at("2021-03-29T10:20:30Z");

describe("rangeOf", () => {
  it.each([
    ["30 days up to the end of today", {}, "2021-02-28T00:00Z", "2021-03-30T00:00Z"],
    ["local days, of which one has 23 hours", { timezone: "Europe/Berlin" }, "2021-02-27T23:00Z", "2021-03-29T22:00Z"],
    ["30 days up to the given end", { end_date: "2021-03-01" }, "2021-01-31T00:00Z", "2021-03-02T00:00Z"],
    ["everything from the given start", { start_date: "2021-03-28T12:00" }, "2021-03-28T12:00Z", "2021-03-30T00:00Z"],
    ["the day of a start in the future", { start_date: "2022-01-01T12:00" }, "2022-01-01T12:00Z", "2022-01-02T00:00Z"],
    ["nothing before 1970", { end_date: "1970-01-02" }, "1970-01-01T00:00Z", "1970-01-03T00:00Z"],
  ])("covers %s", (_, asked, start, end) => {
    expect(rangeOf(v.parse(Range, asked), NOW)).toEqual({ from: at(start), to: at(end) - 1 });
  });

  it("refuses a range that ends before it starts", () => {
    const asked = v.parse(Range, { start_date: "2021-01-02", end_date: "2021-01-01" });
    expectRefusal(rangeOf(asked, NOW), "invalid_parameter");
  });
});
