import { expect, it } from "vitest";
import { planPieces } from "../../../../src/storage/properties/answer/roll-up-plan";
import { DAY, HOUR, QUARTER } from "../../seed";

/** The pieces of a plan as texts, with times in quarters of an hour. */
function planOf(bounds: number[]) {
  const { days, hours, edges } = planPieces(bounds);
  return {
    days: days.map(({ bucket, start, end }) => [bucket / 86_400, start / DAY, end / DAY]),
    hours: hours.map(({ bucket, start, end, parts }) => [bucket / 3_600, start / QUARTER, end / QUARTER, parts]),
    edges: edges.map(({ start, end }) => [start / QUARTER, end / QUARTER]),
  };
}

it("covers a range with whole days, then hours, then quarters", () => {
  expect(planOf([DAY - HOUR - QUARTER, 2 * DAY + 2 * QUARTER])).toEqual({
    days: [[1, 1, 2]],
    hours: [
      [22, 91, 92, [3]],
      [23, 92, 96, null],
      [48, 192, 193, [0]],
      [48, 193, 194, [1]],
    ],
    edges: [],
  });
});

it("leaves parts of quarters to the events", () => {
  expect(planOf([QUARTER / 3, 2 * QUARTER + QUARTER / 3])).toEqual({
    days: [],
    hours: [[0, 1, 2, [1]]],
    edges: [
      [1 / 3, 1],
      [2, 2 + 1 / 3],
    ],
  });
});

it("never joins pieces over the bounds of two buckets of the answer", () => {
  expect(planOf([0, 12 * HOUR, DAY]).days).toEqual([]);
  expect(planOf([0, 12 * HOUR, DAY]).hours).toHaveLength(24);
});

it("is empty for an empty range", () => {
  expect(planOf([5, 5])).toEqual({ days: [], hours: [], edges: [] });
});
