import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { binOf, middleOf, RELATIVE_ERROR } from "../../../../src/model/questions/numbers/number-bins";

describe("bins of numbers", () => {
  it("have a middle that differs from any number in them by at most the relative error", () => {
    fc.assert(
      fc.property(fc.double({ min: -1e12, max: 1e12, noNaN: true }), (number) => {
        const middle = middleOf(binOf(number));
        expect(Math.abs(middle - number)).toBeLessThanOrEqual(Math.abs(number) * RELATIVE_ERROR * (1 + 1e-9) + 1e-9);
      }),
    );
  });
});
