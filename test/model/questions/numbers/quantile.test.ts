import fc from "fast-check";
import { expect, it } from "vitest";
import { quantileOf, rankOf } from "../../../../src/model/questions/numbers/quantile";

it.each([
  [0.5, 1, 1],
  [0.5, 2, 1],
  [0.5, 3, 2],
  [0.9, 10, 9],
  [0.9, 11, 10],
  // 55.00000000000001 in floating point.
  [0.55, 100, 55],
  [0, 5, 1],
  [1, 5, 5],
])("the rank of the quantile %d among %i numbers is %i", (share, size, rank) => {
  expect(rankOf(share, size)).toBe(rank);
});

it("quantileOf returns the smallest number that at least the share of them do not exceed", () => {
  const anyNumbers = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(anyNumbers, fc.constantFrom(0.5, 0.9, 0.99), (numbers, share) => {
      const sorted = numbers.toSorted((a, b) => a - b);
      const isReached = (number: number) => sorted.filter((one) => one <= number).length >= share * sorted.length;
      expect(quantileOf(sorted, share)).toBe(sorted.find(isReached));
    }),
  );
  expect(quantileOf([], 0.5)).toBeNull();
});
