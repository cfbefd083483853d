import { describe, expect, it } from "vitest";
import { estimateVisitors, VisitorSample } from "../../../../src/model/questions/sessions/visitor-sample";

const numberOf = (group: number) => group;

/** Visitors of two groups: all of the first, and every third of the second too. */
function sampleOf(from: number, to: number, name = "v"): VisitorSample {
  const sample = new VisitorSample();
  for (let n = from; n < to; n++) {
    sample.add(`${name}${n}`, [1, n % 24]);
    if (n % 3 === 0) sample.add(`${name}${n}`, [2, 0]);
  }
  return sample;
}

describe("distinct visitors", () => {
  it("are exact while they fit, each once, by group and bucket", () => {
    const sample = sampleOf(0, 9_000);
    for (let n = 0; n < 9_000; n++) sample.add(`v${n}`, [1, n % 24]);
    const { state } = sample;
    const count = (isIn: (group: number, bucket: number) => boolean) => estimateVisitors(state, isIn);
    expect(count(() => true)).toEqual({ value: 9_000, interval: [9_000, 9_000] });
    expect(count((group) => group === 2).value).toBe(3_000);
    expect(count((_, bucket) => bucket === 0).value).toBe(3_000);
  });

  it("are those of all steps, in whatever order these are joined", () => {
    const steps = [sampleOf(0, 20_000), sampleOf(10_000, 45_000), sampleOf(45_000, 50_000)];
    const join = (order: readonly number[]) => {
      const sample = new VisitorSample();
      for (const step of order) {
        const { state } = steps[step] ?? new VisitorSample();
        sample.addAll(JSON.parse(JSON.stringify(state)), numberOf);
      }
      const { share, visitors } = sample.state;
      return { share, hashes: visitors.map(([hash]) => hash).sort((a, b) => a - b) };
    };
    const first = join([0, 1, 2]);
    expect(first.share).toBeLessThan(1);
    expect(join([2, 0, 1])).toEqual(first);
    expect(join([1, 2, 0])).toEqual(first);
  });

  it("have an interval that holds the true number in 92 of 100 samples at least, where they do not fit", () => {
    let held = 0;
    for (let seed = 0; seed < 25; seed++) {
      const { state } = sampleOf(0, 24_000, `seed ${seed} `);
      const { interval } = estimateVisitors(state, () => true);
      if ((interval?.[0] ?? 1) <= 24_000 && (interval?.[1] ?? 0) >= 24_000) held += 1;
    }
    expect(held).toBeGreaterThanOrEqual(23);
  }, 60_000);

  it("still count in their bucket when their group is no longer kept apart", () => {
    const sample = sampleOf(0, 300);
    sample.fold(new Set([1]));
    expect(estimateVisitors(sample.state, () => true).value).toBe(300);
    expect(estimateVisitors(sample.state, (group) => group === 1).value).toBe(0);
    expect(estimateVisitors(sample.state, (group) => group === 2).value).toBe(100);
  });
});
