import { describe, expect, it } from "vitest";
import { binOf, middleOf, RELATIVE_ERROR } from "../../../../src/model/questions/numbers/number-bins";
import { rankedBins } from "../../../../src/model/questions/numbers/ranked-bins";

describe("rankedBins", () => {
  it("finds the number at each rank, whatever the order of the bins", () => {
    const at = rankedBins([
      [binOf(100), 2],
      [binOf(-3), 1],
      ["0", 1],
    ]);
    expect([1, 2, 3, 4].map(at)).toEqual([middleOf(binOf(-3)), 0, middleOf(binOf(100)), middleOf(binOf(100))]);
    expect(Math.abs(at(4) - 100)).toBeLessThanOrEqual(100 * RELATIVE_ERROR);
  });

  it("finds the last number beyond the highest rank, and 0 without bins", () => {
    expect(rankedBins([[binOf(7), 1]])(9)).toBe(middleOf(binOf(7)));
    expect(rankedBins([])(1)).toBe(0);
  });
});
