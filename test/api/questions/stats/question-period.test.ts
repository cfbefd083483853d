import { describe, expect, it } from "vitest";
import { boundsOf, periodOf } from "../../../../src/api/questions/stats/question-period";
import { type StatsInterval, StatsParameters } from "../../../../src/api/questions/stats/stats-parameters";
import { Refusal } from "../../../../src/http/problem";
import { readParameters } from "../../../../src/http/request/parameters";
import { TimeZone } from "../../../../src/model/time/time-zone";
import { expectRefusal } from "../../../http/expect-refusal";

const at = (text: string) => Date.parse(text) * 1_000;

/** The Monday after the clocks went forward in Berlin. */
const NOW = at("2021-03-29T10:20:30Z");

function period(query: string, interval: StatsInterval): string[] {
  const asked = readParameters(`https://eye.example/?${query}`, StatsParameters);
  if (asked instanceof Refusal) throw new Error(asked.detail);
  const found = periodOf(asked, interval, NOW);
  if (found instanceof Refusal) throw new Error(found.detail);
  return [found.start, found.end].map((moment) => asked.timezone.formatMoment(moment));
}

function bounds(start: string, end: string, interval: StatsInterval, zone = TimeZone.UTC) {
  return boundsOf({ start: at(start), end: at(end) }, interval, zone);
}

describe("periodOf", () => {
  it.each<[StatsInterval, string, string]>([
    ["minute", "2021-03-29T11:21:00+02:00", "2021-03-29T12:21:00+02:00"],
    ["hour", "2021-03-27T12:00:00+01:00", "2021-03-29T13:00:00+02:00"],
    ["day", "2021-02-28T00:00:00+01:00", "2021-03-30T00:00:00+02:00"],
    ["week", "2021-01-11T00:00:00+01:00", "2021-04-05T00:00:00+02:00"],
    ["month", "2020-04-01T00:00:00+02:00", "2021-04-01T00:00:00+02:00"],
    ["none", "2021-02-28T00:00:00+01:00", "2021-03-30T00:00:00+02:00"],
  ])("without dates, ends with the current bucket and covers the latest buckets: %s", (interval, start, end) => {
    expect(period("timezone=Europe/Berlin", interval)).toEqual([start, end]);
  });

  it("goes back from the given end, whose last bucket counts even if it is cut", () => {
    const [start] = period("end_date=2021-03-02T12:00", "day");
    expect(start).toBe("2021-02-01T00:00:00+00:00");
    expect(period("end_date=2021-03-01", "day")[0]).toBe("2021-01-31T00:00:00+00:00");
  });

  it("ends with the bucket of the start if that is in the future", () => {
    expect(period("start_date=2022-05-05T05:05", "month")).toEqual([
      "2022-05-05T05:05:00+00:00",
      "2022-06-01T00:00:00+00:00",
    ]);
  });

  it("does not start before 1970", () => {
    expect(period("end_date=1970-01-02", "day")[0]).toBe("1970-01-01T00:00:00+00:00");
  });
});

describe("boundsOf", () => {
  it("starts the first bucket with the period and ends the last one with it", () => {
    const found = bounds("2021-01-01T09:30:00Z", "2021-01-01T11:15:00Z", "hour");
    const texts = ["2021-01-01T09:30:00Z", "2021-01-01T10:00:00Z", "2021-01-01T11:00:00Z", "2021-01-01T11:15:00Z"];
    expect(found).toEqual(texts.map(at));
  });

  it("is one bucket without an interval", () => {
    expect(bounds("2021-01-01T09:30:00Z", "2031-01-01T00:00:00Z", "none")).toHaveLength(2);
  });

  it("has a bucket of 23 hours if the clocks go forward", () => {
    const berlin = TimeZone.find("Europe/Berlin") ?? TimeZone.UTC;
    const found = bounds("2021-03-27T23:00:00Z", "2021-03-29T22:00:00Z", "day", berlin);
    expect(found).toEqual(["2021-03-27T23:00:00Z", "2021-03-28T22:00:00Z", "2021-03-29T22:00:00Z"].map(at));
  });

  it("holds 1,500 buckets, and recommends the next wider interval beyond", () => {
    expect(bounds("2021-01-01T00:00:00Z", "2021-01-02T01:00:00Z", "minute")).toHaveLength(1_501);
    const refusal = expectRefusal(
      bounds("2021-01-01T00:00:00Z", "2021-01-02T01:00:01Z", "minute"),
      "invalid_parameter",
    );
    expect(refusal.detail).toContain("Use interval=hour or a shorter range.");
    expect(refusal.members).toEqual({ parameter: "start_date", limit: 1_500 });
  });

  it("skips intervals that would not fit either", () => {
    const { detail } = expectRefusal(
      bounds("2011-01-01T00:00:00Z", "2021-01-01T00:00:00Z", "hour"),
      "invalid_parameter",
    );
    expect(detail).toContain("Use interval=week");
  });

  it("recommends a shorter range if the counts are too many for every interval", () => {
    const { detail } = expectRefusal(
      bounds("1971-01-01T00:00:00Z", "2171-01-01T00:00:00Z", "day"),
      "invalid_parameter",
    );
    expect(detail).toContain("Use a shorter range.");
    expect(detail).not.toContain("interval=");
  });

  it("says that the counts are too many, if the buckets are not", () => {
    const kolkata = TimeZone.find("Asia/Kolkata") ?? TimeZone.UTC;
    const refusal = expectRefusal(
      bounds("2021-01-01T00:00:00Z", "2021-02-05T00:00:00Z", "hour", kolkata),
      "invalid_parameter",
    );
    expect(refusal.detail).toContain("the range needs more than 50000 counts. Use interval=day or a shorter range.");
    expect(refusal.members).toEqual({ parameter: "start_date", limit: 50_000 });
    const whole = expectRefusal(bounds("1971-01-01T00:00:00Z", "2171-01-01T00:00:00Z", "none"), "invalid_parameter");
    expect(whole.detail).toContain("the range needs more than 50000 counts. Use a shorter range.");
  });
});
