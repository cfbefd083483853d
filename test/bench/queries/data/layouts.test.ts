import { expect, it } from "vitest";
import { END, layoutOf } from "../../../../bench/queries/data/layouts.ts";
import { WINDOW_MICROS } from "../../../../src/storage/partitions/partition";

const layouts = [layoutOf("large", 200_000), layoutOf("large", 10_000_000), layoutOf("small", 2_200_000)];

it("has partitions without gaps, whose boundaries are those of windows", () => {
  for (const { partitions, ranges } of layouts) {
    const edges = partitions.flatMap(({ from, to }) => [from, to]);
    expect(edges.every((edge) => edge % WINDOW_MICROS === 0)).toBe(true);
    expect(partitions.every(({ from, to }) => from < to)).toBe(true);
    expect(partitions.slice(1).map(({ from }) => from)).toEqual(partitions.slice(0, -1).map(({ to }) => to));
    expect(partitions[0]?.from).toBeLessThanOrEqual(ranges[0]?.from ?? 0);
    expect(partitions.at(-1)?.to).toBe(END);
  }
});

it("splits the busy day, and has 400 small partitions, half of them with common categories", () => {
  const [, large, small] = layouts;
  expect(large?.partitions).toHaveLength(3);
  expect(small?.partitions).toHaveLength(400);
  expect(small?.partitions.filter(({ common }) => common.size > 0)).toHaveLength(200);
});

it("has a category just above the share from which it is common, and one just below", () => {
  const common = layouts[0]?.partitions[0]?.common;
  expect(common?.has("media")).toBe(true);
  expect(common?.has("navigation")).toBe(false);
});

it("assigns all events to its ranges", () => {
  for (const { ranges } of layouts) {
    expect(ranges.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
  }
});
