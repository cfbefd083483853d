import { describe, expect, it } from "vitest";
import {
  type Distribution,
  DistributionTally,
  MAX_EXACT_VALUES,
  quantileOf,
  rankedValues,
  roundTo3Digits,
} from "../../../../src/model/questions/numbers/distribution";
import { randomFrom } from "../random";

describe("quantiles of a distribution", () => {
  it("equal those of the sorted values", () => {
    const random = randomFrom(7);
    const values = Array.from({ length: 501 }, () => Math.floor(random() * 1_000));
    const tally = new DistributionTally();
    for (const value of values) tally.add(value);
    const sorted = values.toSorted((a, b) => a - b);
    expect(quantileOf(tally.distribution, 0.5)).toBe(sorted[250]);
    expect(quantileOf(tally.distribution, 0.9)).toBe(sorted[450]);
    expect(quantileOf({ counts: [], isRounded: false }, 0.5)).toBe(null);
  });

  it("are rounded by at most 0.5 % for many values, however the parts are merged", () => {
    const random = randomFrom(8);
    const values = Array.from({ length: 40_000 }, () => Math.floor(random() * 100_000_000));
    const parts = [0, 1].map((part) => {
      const tally = new DistributionTally();
      for (const value of values.slice(part * 20_000, (part + 1) * 20_000)) tally.add(value);
      return tally.distribution;
    });
    const joined = new DistributionTally();
    for (const part of parts) joined.addAll(JSON.parse(JSON.stringify(part)) as Distribution);
    const { distribution } = joined;
    expect(distribution.isRounded).toBe(true);
    expect(distribution.counts.length).toBeLessThan(5_000);
    const median = values.toSorted((a, b) => a - b)[19_999] ?? 0;
    expect(Math.abs((quantileOf(distribution, 0.5) ?? 0) / median - 1)).toBeLessThan(0.0051);
  });
});

describe("DistributionTally", () => {
  const tallied = (values: number) => {
    const tally = new DistributionTally();
    for (let value = 0; value < values; value++) tally.add(1_000_000 + value);
    return tally;
  };

  it("keeps every value until there are too many different ones", () => {
    expect(tallied(MAX_EXACT_VALUES).distribution.isRounded).toBe(false);
    expect(tallied(MAX_EXACT_VALUES + 1).distribution).toEqual({
      isRounded: true,
      counts: [
        [1_000_000, 5_000],
        [1_010_000, 5_001],
      ],
    });
  });

  it("stays rounded once a part of it is, and rounds what follows", () => {
    const tally = new DistributionTally();
    tally.add(12_345);
    tally.addAll({ counts: [[7, 2]], isRounded: true });
    tally.add(98_765, 3);
    expect(tally.distribution).toEqual({
      isRounded: true,
      counts: [
        [12_300, 1],
        [7, 2],
        [98_800, 3],
      ],
    });
  });
});

it("rankedValues counts ranks from 1 in ascending order, and stops at the largest value", () => {
  const { size, valueAt } = rankedValues({
    isRounded: false,
    counts: [
      [9, 1],
      [-5, 2],
    ],
  });
  expect([size, ...[1, 2, 3, 4].map(valueAt)]).toEqual([3, -5, -5, 9, 9]);
});

it.each([
  [0, 0],
  [1_234, 1_230],
  [-1_235, -1_240],
  [0.012_345, 0.0123],
])("rounds %d to three digits: %d", (value, rounded) => {
  expect(roundTo3Digits(value)).toBe(rounded);
});
