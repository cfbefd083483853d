import { describe, expect, it } from "vitest";
import { type Piece, planDays, planPieces } from "../../../../src/storage/properties/answer/roll-up-plan";
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

describe("a bucket that does not begin at midnight UTC", () => {
  const hoursOf = (start: number, end: number) => {
    const plan = planDays({ start: start * HOUR, end: end * HOUR });
    const hours = (pieces: Piece[] = []) => pieces.map((piece) => [piece.start / HOUR, piece.parts]);
    return (
      plan && { days: plan.days.map(({ bucket }) => bucket / 86_400), more: hours(plan.more), less: hours(plan.less) }
    );
  };
  const whole = (...hours: number[]) => hours.map((hour) => [hour, null]);

  it("is a day, and the hours before and after it", () => {
    // East of Greenwich, a day begins before midnight UTC; in the west, after it.
    expect(hoursOf(22, 46)).toEqual({ days: [1], more: whole(22, 23), less: whole(46, 47) });
    expect(hoursOf(5, 29)).toEqual({ days: [0], more: whole(24, 25, 26, 27, 28), less: whole(0, 1, 2, 3, 4) });
    expect(hoursOf(22, 45)).toEqual({ days: [1], more: whole(22, 23), less: whole(45, 46, 47) });
    expect(hoursOf(8, 32)?.less).toHaveLength(8);
    expect(hoursOf(22, 46 + 24 * 9)?.days).toHaveLength(10);
  });

  it("is planned with quarters of an hour", () => {
    expect(hoursOf(21.5, 45.5)).toMatchObject({ more: [[21.5, [2]], [21.75, [3]], ...whole(22, 23)], days: [1] });
  });

  it("is not planned by days if hours are as few, or if it is cut within a quarter", () => {
    for (const [start, end] of [
      [0, 24],
      [12, 36],
      [1, 5],
      [22, 24],
    ] as const) {
      expect(hoursOf(start, end)).toBeNull();
    }
    expect(hoursOf(22.1, 46)).toBeNull();
    expect(hoursOf(22, 46.1)).toBeNull();
  });
});
