import { expect, test } from "vitest";
import { timeOf, uuidv7 } from "../../src/core/id.js";

test("an id is a UUID of version 7 that contains its time", () => {
  const id = uuidv7(1_764_161_298_123.5);
  expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  expect(timeOf(id)).toBe(1_764_161_298_123);
});

test("ids are unique and sort in the order of capture, also within a millisecond", () => {
  const ids = Array.from({ length: 1_000 }, (_, index) => uuidv7(1_764_161_298_123 + index / 1_000));
  expect([...ids].sort()).toEqual(ids);
  expect(new Set(Array.from({ length: 1_000 }, () => uuidv7(1)))).toHaveProperty("size", 1_000);
});
