import { expect, it } from "vitest";
import { accuracyOf, countOf, rounded, roundedInterval } from "../../../../src/model/questions/numbers/sampling";

it.each([
  [{ share: 1, isFolded: false }, { exact: true }],
  [
    { share: 0.25, isFolded: false },
    { exact: false, sampled: 0.25 },
  ],
  [
    { share: 1, isFolded: true },
    { exact: false, folded: true },
  ],
  [
    { share: 0.25, isFolded: true },
    { exact: false, sampled: 0.25, folded: true },
  ],
])("the accuracy of %j is %j", (sampling, accuracy) => {
  expect(accuracyOf(sampling)).toEqual(accuracy);
});

it("a count has an interval only if it is an estimate", () => {
  expect(countOf(12, 1)).toEqual({ count: 12 });
  const { count, interval_95: [low, high] = [0, 0] } = countOf(12, 0.25);
  expect(count).toBe(48);
  expect(low).toBeLessThan(48);
  expect(high).toBeGreaterThan(48);
});

it("shares have six decimals", () => {
  expect(rounded(2 / 3)).toBe(0.666_667);
  expect(roundedInterval([1 / 3, 2 / 3])).toEqual([0.333_333, 0.666_667]);
});
