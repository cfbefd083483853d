import { describe, expect, it } from "vitest";
import {
  answerWith,
  canBeCounted,
  parseSessionMetrics,
} from "../../../../src/model/questions/sessions/session-metrics";

const durations = { mean: 1, mean_interval_95: null, p50: 2, p90: 3 };
const line = {
  entry: "/",
  ...{ sessions: { total: 2 }, visitors: { total: 1 }, bounces: { total: 0 } },
  ...{ events: { total: 5 }, events_per_session: 2.5 },
  duration_seconds: { ...durations, values: [durations] },
};
const answer = { interval: "day", results: [line], other: { groups: 1, ...line }, total: line };

describe("parseSessionMetrics", () => {
  it.each([
    ["sessions,bounces", ["sessions", "bounces"]],
    ["duration_mean,sessions", ["sessions", "duration_mean"]],
    ["", null],
    ["sessions,", null],
    ["sessions,sessions", null],
    ["durations", null],
  ])("reads %j", (text, metrics) => {
    expect(parseSessionMetrics(text)).toEqual(metrics);
  });
});

describe("answerWith", () => {
  it("leaves an answer as it is without metrics", () => {
    expect(answerWith(null, answer)).toEqual(answer);
  });

  it("has the members of the metrics in every line", () => {
    const bounces = { entry: "/", bounces: { total: 0 } };
    expect(answerWith(["bounces"], answer)).toEqual({
      ...{ interval: "day", results: [bounces], other: { groups: 1, ...bounces }, total: bounces },
    });
    const { total } = answerWith(["events"], answer);
    expect(total).toEqual({ entry: "/", events: { total: 5 }, events_per_session: 2.5 });
  });

  it("keeps the wanted numbers of durations, in buckets too", () => {
    const mean = { mean: 1, mean_interval_95: null };
    expect(answerWith(["duration_mean"], answer).total).toEqual({
      entry: "/",
      duration_seconds: { ...mean, values: [mean] },
    });
    const { values, ...percentiles } = answerWith(["duration_percentiles"], answer).total.duration_seconds;
    expect(percentiles).toEqual({ p50: 2, p90: 3 });
    expect(values).toEqual([{ p50: 2, p90: 3 }]);
  });
});

it("counts cannot give visitors, percentiles, or all metrics", () => {
  expect(canBeCounted(["sessions", "bounces", "events", "duration_mean"])).toBe(true);
  expect(canBeCounted(["sessions", "visitors"])).toBe(false);
  expect(canBeCounted(["duration_percentiles"])).toBe(false);
  expect(canBeCounted(null)).toBe(false);
});
