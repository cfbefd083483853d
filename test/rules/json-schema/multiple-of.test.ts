import fc from "fast-check";
import { expect, it } from "vitest";
import { WorkMeter } from "../../../src/model/work-meter";
import { isMultipleOf } from "../../../src/rules/json-schema/multiple-of";

const meter = () => new WorkMeter(1_000);

it.each([
  [0.0075, 0.0001, true],
  [0.00751, 0.0001, false],
  [-4.5, 1.5, true],
  [0, 0.3, true],
  [1e300, 7, false],
  [1e300, 1e-300, true],
  [5e-324, 1e308, false],
  [Number.POSITIVE_INFINITY, 0.01, false],
  [Number.NEGATIVE_INFINITY, 3, false],
  [1.5, Number.POSITIVE_INFINITY, false],
])("%d is a multiple of %d: %s", (value, divisor, expected) => {
  expect(isMultipleOf(value, divisor, meter())).toBe(expected);
});

it("a product of a whole number and a decimal is a multiple of the decimal", () => {
  fc.assert(
    fc.property(fc.integer({ min: -1_000, max: 1_000 }), fc.integer({ min: 1, max: 999 }), (count, cents) => {
      const product = Number(`${(count * cents) / 100}`);
      expect(isMultipleOf(product, cents / 100, meter())).toBe(true);
    }),
  );
});

it("charges for the difference of the exponents", () => {
  const [near, far] = [meter(), meter()];
  isMultipleOf(1.5, 0.5, near);
  isMultipleOf(1e300, 1e-300, far);
  expect(far.spent).toBeGreaterThan(near.spent);
});
