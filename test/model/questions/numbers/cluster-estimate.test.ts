import { describe, expect, it } from "vitest";
import {
  addCluster,
  clusterRanks,
  joinSums,
  meanInterval,
  NO_SUMS,
  signedTotalInterval,
  totalInterval,
} from "../../../../src/model/questions/numbers/cluster-estimate";

/** How often intervals hold the true number is tested in numbers-answer.test.ts. */

const clusters: [n: number, y: number][] = [
  [1, 5],
  [4, -8],
  [2, 0],
];

const sumsOf = (own: readonly [number, number][]) => own.reduce((sums, [n, y]) => addCluster(sums, n, y), NO_SUMS);

const width = ([low, high]: [number, number]) => high - low;

describe("the sums of clusters", () => {
  it("have squares, products and the least amount", () => {
    expect(sumsOf(clusters)).toEqual({ n: 7, y: -3, nn: 21, yy: 89, ny: -27, least: -8 });
    expect(sumsOf([[1, 5]]).least).toBe(0);
  });

  it("are the same in parts as in one", () => {
    expect(joinSums(sumsOf(clusters.slice(0, 1)), sumsOf(clusters.slice(1)))).toEqual(sumsOf(clusters));
  });
});

describe("the interval of a total", () => {
  it("has no width if everything was read", () => {
    expect(totalInterval(17, 100, 1)).toEqual([17, 17]);
    expect(signedTotalInterval(-17, 100, 1)).toEqual([-17, -17]);
    expect(meanInterval(sumsOf(clusters), 1)).toEqual([-3 / 7, -3 / 7]);
  });

  it("contains the estimate, and is never below what was found", () => {
    for (const [sum, squares] of [
      [10, 10],
      [10, 100],
      [1_000, 50_000],
    ] as const) {
      const [low, high] = totalInterval(sum, squares, 1 / 4);
      expect(low).toBeGreaterThanOrEqual(sum);
      expect(low).toBeLessThan(4 * sum);
      expect(high).toBeGreaterThan(4 * sum);
    }
  });

  it("is wider if the same sum comes from fewer sessions, or from a smaller share", () => {
    const even = totalInterval(1_000, 1_000, 1 / 4);
    expect(width(totalInterval(1_000, 50_000, 1 / 4))).toBeGreaterThan(2 * width(even));
    expect(width(totalInterval(1_000, 1_000, 1 / 16))).toBeGreaterThan(2 * width(even));
  });

  it("has an upper bound above zero if nothing was found", () => {
    expect(totalInterval(0, 0, 1 / 4)[0]).toBe(0);
    expect(totalInterval(0, 0, 1 / 4)[1]).toBeGreaterThan(10);
  });

  it("is symmetric if amounts are negative", () => {
    const [low, high] = signedTotalInterval(-20, 400, 1 / 4);
    expect((low + high) / 2).toBeCloseTo(-80);
    expect(high).toBeGreaterThan(-80);
  });
});

it("the interval of a mean is narrow if the sessions are alike, and does not exist without numbers", () => {
  expect(meanInterval(NO_SUMS, 1 / 4)).toBeNull();
  expect(
    meanInterval(
      sumsOf([
        [2, 6],
        [3, 9],
      ]),
      1 / 4,
    ),
  ).toEqual([3, 3]);
  expect(
    width(
      meanInterval(
        sumsOf([
          [2, 2],
          [3, 13],
        ]),
        1 / 4,
      ) ?? [0, 0],
    ),
  ).toBeGreaterThan(1);
});

describe("the ranks that bound a quantile", () => {
  const alike = (sessions: number, n: number) => ({ ...NO_SUMS, n: sessions * n, nn: sessions * n * n });

  it("stay within the sample", () => {
    expect(clusterRanks(alike(3, 1), 0.99, 1 / 64)).toEqual([2, 3]);
    expect(clusterRanks(alike(3, 1), 0.01, 1 / 64)[0]).toBe(1);
  });

  it("lie further apart if the same numbers come from fewer sessions", () => {
    const of = (sessions: number) => width(clusterRanks(alike(sessions, 1_000 / sessions), 0.5, 1 / 4));
    expect(of(10)).toBeGreaterThan(3 * of(1_000));
  });
});
