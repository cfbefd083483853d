import { expect, test } from "vitest";
import { seeded } from "../../../scripts/shared/random.ts";

const numbers = (seed: number) => {
  const { fraction } = seeded(seed);
  return Array.from({ length: 1_000 }, fraction);
};

test("the same seed gives the same numbers, another seed others", () => {
  expect(numbers(7)).toEqual(numbers(7));
  expect(numbers(8)).not.toEqual(numbers(7));
  expect(new Set(numbers(7)).size).toBe(1_000);
});

test("numbers are spread evenly from 0 to below 1", () => {
  const all = numbers(7);
  expect(Math.min(...all)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...all)).toBeLessThan(1);
  expect(all.reduce((sum, one) => sum + one, 0) / all.length).toBeCloseTo(0.5, 1);
});

test("whole numbers stay below the limit, and every one occurs", () => {
  const { below } = seeded(7);
  expect(new Set(Array.from({ length: 200 }, () => below(5)))).toEqual(new Set([0, 1, 2, 3, 4]));
  expect(below(1)).toBe(0);
});

test("picks every item, and an only item always", () => {
  const { pick, chance } = seeded(7);
  expect(new Set(Array.from({ length: 200 }, () => pick(["a", "b", "c"])))).toEqual(new Set(["a", "b", "c"]));
  expect(pick(["a"])).toBe("a");
  expect(chance(0)).toBe(false);
  expect(chance(1)).toBe(true);
});
