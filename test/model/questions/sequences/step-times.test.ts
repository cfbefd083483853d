import { describe, expect, it } from "vitest";
import { ValueBins } from "../../../../src/model/questions/numbers/value-bins";
import { StepTimes } from "../../../../src/model/questions/sequences/step-times";

const SECOND = 1_000_000;

/** The state of one step with these times, in milliseconds. */
function stepOf(...times: number[]) {
  const bins = new ValueBins(null);
  for (const time of times) bins.add(time);
  return bins.state;
}

describe("StepTimes", () => {
  it("counts the time from each completed step to the next, in whole milliseconds", () => {
    const times = new StepTimes(3);
    times.add([0, 2 * SECOND, 5 * SECOND + 499]);
    times.add([10, 10 + 700]);
    times.add([7]);
    expect(times.state).toEqual([stepOf(2_000, 1), stepOf(3_000)]);
    expect(times.size).toBe(3);
  });

  it("adds the times of other sessions", () => {
    const [all, some, others] = [new StepTimes(2), new StepTimes(2), new StepTimes(2)];
    for (const [one, seconds] of [
      [some, 1],
      [others, 2],
      [others, 1],
    ] as const) {
      one.add([0, seconds * SECOND]);
      all.add([0, seconds * SECOND]);
    }
    some.addAll(others.state);
    expect(some.state).toEqual(all.state);
  });

  it("keeps at most as many bins for each step as it is told", () => {
    const times = new StepTimes(3);
    for (let n = 1; n <= 100; n++) times.add([0, n * SECOND, 3 * n * SECOND]);
    expect(times.size).toBe(200);
    times.shrink(10);
    expect(times.size).toBeLessThanOrEqual(20);
    expect(times.state.map(({ counts }) => counts.reduce((sum, [, count]) => sum + count, 0))).toEqual([100, 100]);
  });
});
