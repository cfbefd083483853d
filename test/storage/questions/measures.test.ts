import { describe, expect, it } from "vitest";
import type { Metric, NumberMetric } from "../../../src/model/questions/metric";
import { createContribution, newMeasure } from "../../../src/storage/questions/measures";

const property = { name: "price", path: ["price"] };
const ofNumbers = (kind: NumberMetric): Metric => ({ kind, property });
const ofKind = (kind: "events" | "sessions" | "visitors"): Metric => ({ kind, property: null });

const METRICS: [string, Metric, number[], number | null, number | null][] = [
  ["events", ofKind("events"), [1, 1, 1], 3, 0],
  ["sessions", ofKind("sessions"), [4, 7, 4], 2, 0],
  ["visitors", ofKind("visitors"), [4, 4], 1, 0],
  ["sum", ofNumbers("sum"), [1, -3, 2.5], 0.5, 0],
  ["avg", ofNumbers("avg"), [1, 2, 6], 3, null],
  ["p50", ofNumbers("p50"), [9, 1, 5, 7], 5, null],
  ["p90", ofNumbers("p90"), [10, 9, 8, 7, 6, 5, 4, 3, 2, 1], 9, null],
  ["p99", ofNumbers("p99"), [1, 2], 2, null],
];

describe.each(METRICS)("the measure of %s", (_, metric, contributions, result, empty) => {
  it("aggregates contributions", () => {
    const measure = newMeasure(metric);
    expect(measure.result()).toBe(empty);
    for (const one of contributions) measure.add(one);
    expect(measure.result()).toBe(result);
  });

  it("gives the same result if it is merged from parts", () => {
    const [all, other] = [newMeasure(metric), newMeasure(metric)];
    for (const [n, one] of contributions.entries()) (n % 2 === 0 ? all : other).add(one);
    all.merge(other);
    expect(all.result()).toBe(result);
  });
});

it.each([
  ["avg", 12, 4, 3],
  ["sum", 12, 4, 12],
  ["p50", 12, 4, 12],
] as const)("adds several contributions to %s at once", (kind, contribution, times, result) => {
  const measure = newMeasure(ofNumbers(kind));
  measure.addMany(contribution, times);
  expect([measure.result(), measure.size]).toEqual([result, times]);
});

describe("the contribution of an event", () => {
  const event = (session: string, visitor: string | null = null) => ({ session, visitor });

  it("is the same number for the same session or visitor", () => {
    const sessions = createContribution(ofKind("sessions"));
    expect(sessions(event("a"), null)).toBe(sessions(event("a", "v"), null));
    expect(sessions(event("a"), null)).not.toBe(sessions(event("b"), null));
    const visitors = createContribution(ofKind("visitors"));
    expect(visitors(event("a", "v"), null)).toBe(visitors(event("b", "v"), null));
    expect(visitors(event("a"), null)).toBeNull();
  });

  it.each([
    [2.5, 2.5],
    ["2.5", null],
    [null, null],
    [true, null],
    [Number.POSITIVE_INFINITY, null],
  ])("to a metric of numbers is its number: %s", (value, expected) => {
    expect(createContribution(ofNumbers("sum"))(event("a"), value)).toBe(expected);
    expect(createContribution(ofKind("events"))(event("a"), value)).toBe(1);
  });
});
