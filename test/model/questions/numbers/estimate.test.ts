import { describe, expect, it } from "vitest";
import { countInterval, quantileRanks, shareInterval } from "../../../../src/model/questions/numbers/estimate";
import { binAt, ValueBins } from "../../../../src/model/questions/numbers/value-bins";
import { randomFrom } from "../random";

const SEEDS = 200;

const isWithin = (value: number, [low, high]: [number, number]) => value >= low && value <= high;

/** The share of the seeds for which the interval of a sample contains the true value. */
function coverage(holds: (random: () => number) => boolean): number {
  let held = 0;
  for (let seed = 1; seed <= SEEDS; seed++) if (holds(randomFrom(seed))) held += 1;
  return held / SEEDS;
}

function sampled(size: number, share: number, random: () => number): number {
  let found = 0;
  for (let n = 0; n < size; n++) if (random() < share) found += 1;
  return found;
}

describe("the 95 % interval", () => {
  it.each([
    [12, 1 / 4],
    [300, 1 / 16],
    [5_000, 1 / 64],
    [40_000, 1 / 256],
    [2_000, 1 / 2],
  ])("of a number (%i, sampled %d) contains the true one in at least 92 of 100 samples", (size, share) => {
    const held = coverage((random) => isWithin(size, countInterval(sampled(size, share, random), share)));
    expect(held).toBeGreaterThanOrEqual(0.92);
  });

  it.each([
    [4_000, 0.3, 1 / 8],
    [20_000, 0.02, 1 / 32],
    [1_000, 0.9, 1 / 2],
    [30_000, 0.5, 1 / 64],
  ])("of a share (of %i the share %d, sampled %d) contains the true one", (size, p, share) => {
    const having = Math.round(size * p);
    const held = coverage((random) => {
      const found = sampled(having, share, random);
      const others = sampled(size - having, share, random);
      return isWithin(having / size, shareInterval(found, found + others, share));
    });
    expect(held).toBeGreaterThanOrEqual(0.92);
  });

  it.each([
    [4_000, 0.5, 1 / 8],
    [4_000, 0.9, 1 / 8],
    [900, 0.5, 1 / 2],
    [6_000, 0.9, 1 / 16],
  ])("of a quantile (of %i values, q %d, sampled %d) contains the true one", (size, q, share) => {
    const held = coverage((random) => {
      // Times between two steps.
      const values = Array.from({ length: size }, () => Math.round(-Math.log(1 - random()) * 60_000));
      const some = new ValueBins(null);
      const sample = values.filter(() => random() < share);
      for (const value of sample) some.add(value);
      const [low, high] = quantileRanks(sample.length, q, share);
      const valueAt = (rank: number) => binAt(some.state, rank)?.bin ?? 0;
      const truth = values.toSorted((a, b) => a - b)[Math.ceil(q * size) - 1] ?? -1;
      return isWithin(truth, [valueAt(low), valueAt(high)]);
    });
    expect(held).toBeGreaterThanOrEqual(0.92);
  });

  it("has no width if everything was read", () => {
    expect(countInterval(17, 1)).toEqual([17, 17]);
    expect(shareInterval(3, 4, 1)).toEqual([0.75, 0.75]);
  });

  it("has an upper bound if nothing was found", () => {
    expect(countInterval(0, 1 / 16)[1]).toBeGreaterThan(40);
  });
});
