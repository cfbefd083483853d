import { describe, expect, it } from "vitest";
import { AggregateTable, type GroupAggregates } from "../../../../src/model/questions/numbers/aggregate-table";
import { EMPTY, errorOf, lineOf, otherOf, sizeOf } from "../../../../src/model/questions/numbers/numbers-line";
import type { NumbersQuestion } from "../../../../src/model/questions/question";
import { metricOf, question } from "./sampled-sessions";

const asked = (kind: Parameters<typeof metricOf>[0], more: Partial<NumbersQuestion> = {}): NumbersQuestion => ({
  ...question,
  ...{ metric: metricOf(kind), interval: "hour", bounds: [0, 1, 2], ...more },
});

/** A group with a session in each of these buckets: its place, its number of events and their sum. */
function group(...sessions: [place: number, n: number, y: number][]): GroupAggregates {
  const table = new AggregateTable();
  for (const [place, n, y] of sessions) for (const at of [null, place]) table.add(at, { n, y, values: [y] });
  return table.state;
}

describe("lineOf", () => {
  it("has the numbers of the period and of each bucket, those without events too", () => {
    const own = group([0, 2, 10], [0, 1, 5]);
    expect(lineOf(own, asked("events"), 1)).toEqual({ total: 3, values: [3, 0] });
    expect(lineOf(own, asked("sum"), 1)).toEqual({ total: 15, values: [15, 0] });
    expect(lineOf(own, asked("avg"), 1)).toEqual({ total: 5, values: [5, null] });
    expect(lineOf(own, asked("avg", { interval: "none" }), 1)).toEqual({ total: 5 });
  });

  it("has intervals if it is estimated from a sample", () => {
    const line = lineOf(group([0, 2, 10], [1, 1, 5]), asked("events"), 0.5);
    expect(line.total).toBe(6);
    expect(line.interval_95).toHaveLength(2);
    expect(line.values_interval_95).toHaveLength(2);
  });
});

describe("otherOf", () => {
  const rest = [group([0, 2, 10]), group([1, 1, 5])];

  it("adds up what can be added up", () => {
    expect(otherOf(rest, asked("events"), 1)).toEqual({ total: 3, values: [2, 1] });
    expect(otherOf(rest, asked("sum"), 1)).toEqual({ total: 15, values: [10, 5] });
  });

  it("does not know sessions that groups share, means and percentiles, except of nothing", () => {
    for (const kind of ["sessions", "avg", "p50"] as const) {
      expect(otherOf(rest, asked(kind), 1)).toEqual({ total: null, values: [null, null] });
    }
    expect(otherOf([EMPTY], asked("sessions"), 1)).toEqual({ total: 0, values: [0, 0] });
  });

  it("has the widest interval, as if the groups shared all sessions", () => {
    const widthOf = ({ interval_95: interval }: ReturnType<typeof otherOf>) =>
      (interval?.[1] ?? 0) - (interval?.[0] ?? 0);
    const apart = lineOf(group([0, 2, 10], [1, 1, 5]), asked("events"), 0.25);
    expect(widthOf(otherOf(rest, asked("events"), 0.25))).toBeGreaterThanOrEqual(widthOf(apart));
  });
});

it("orders groups by their sums or by their numbers of events", () => {
  const { total } = group([0, 2, 10]);
  expect([sizeOf(total, metricOf("sum")), sizeOf(total, metricOf("avg"))]).toEqual([10, 2]);
});

it("has errors only of percentiles whose values are in bins", () => {
  const own = group([0, 1, 5]);
  expect(errorOf(own, asked("sum"))).toBe(0);
  expect(errorOf(own, asked("p50"))).toBe(0);
  const table = new AggregateTable();
  for (let value = 1; value < 400; value++) table.add(null, { n: 1, y: value, values: [value] });
  table.shrink(8);
  expect(errorOf(table.state, asked("p50"))).toBeGreaterThan(0);
});
