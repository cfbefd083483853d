import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  binAt,
  edgesOf,
  middleOf,
  ValueBins,
  type ValueCounts,
} from "../../../../src/model/questions/numbers/value-bins";

const anyNumber = fc.oneof(
  fc.integer({ min: -1_000, max: 100_000 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -0, Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE, 0.1, 1),
);
const anyNumbers = fc.array(anyNumber, { minLength: 1, maxLength: 200 });

/** Counts numbers in parts, each of which has at most some bins, and joins them like the steps of a job. */
function counted(numbers: readonly number[], most: number, within: ValueCounts["within"] = null): ValueCounts {
  const joined = new ValueBins(within);
  for (let from = 0; from < numbers.length; from += 50) {
    const part = new ValueBins(within);
    for (const number of numbers.slice(from, from + 50)) part.add(number);
    part.shrink(most);
    joined.addAll(JSON.parse(JSON.stringify(part.state)));
  }
  joined.shrink(most);
  return joined.state;
}

const sorted = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);

describe("bins of numbers", () => {
  it("find the bin of the number at each rank", () => {
    const property = fc.property(anyNumbers, fc.integer({ min: 2, max: 50 }), (numbers, most) => {
      const counts = counted(numbers, most);
      expect(counts.counts.length).toBeLessThanOrEqual(Math.max(4, most));
      for (const [place, truth] of sorted(numbers).entries()) {
        const bin = binAt(counts, place + 1);
        if (bin === null) throw new Error("no bin");
        const { least, most: greatest } = edgesOf(bin);
        expect(truth).toBeGreaterThanOrEqual(least);
        expect(truth).toBeLessThanOrEqual(greatest);
        expect(bin.below).toBe(numbers.filter((number) => number < least).length);
        const { value, error } = middleOf(bin);
        if (Math.abs(bin.bin) > Number.MIN_VALUE)
          expect(Math.abs(value - truth)).toBeLessThanOrEqual(error * Math.abs(truth) * (1 + 1e-9));
      }
    });
    fc.assert(property, { numRuns: 300, seed: 1 });
  });

  it("are the numbers themselves where they are few", () => {
    const numbers = [3, -1, 3, 0.1, 2 ** 60];
    const counts = counted(numbers, 4);
    expect(counts.dropped).toBe(0);
    expect(sorted(numbers).map((_, place) => binAt(counts, place + 1)?.bin)).toEqual(sorted(numbers));
    expect(binAt(counts, 99)?.bin).toBe(2 ** 60);
    expect(binAt(counted([], 4), 1)).toBeNull();
  });

  it("find each number exactly in several passes", () => {
    const property = fc.property(
      anyNumbers,
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      fc.integer({ min: 4, max: 30 }),
      (numbers, share, most) => {
        const rank = Math.floor(share * numbers.length) + 1;
        let bin = binAt(counted(numbers, most), rank);
        for (let pass = 0; bin !== null && bin.dropped > 0 && pass < 64; pass++) {
          bin = binAt(counted(numbers, most, bin), rank);
        }
        expect(bin?.dropped).toBe(0);
        // The sign of zero does not matter.
        expect((bin?.bin ?? Number.NaN) + 0).toBe((sorted(numbers)[rank - 1] ?? Number.NaN) + 0);
      },
    );
    fc.assert(property, { numRuns: 300, seed: 2 });
  });
});
