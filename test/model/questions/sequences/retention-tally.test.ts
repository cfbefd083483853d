import { describe, expect, it } from "vitest";
import { RetentionTally, retentionAnswer } from "../../../../src/model/questions/sequences/retention-tally";

function tallied(retained: readonly { cohort: number; returned: number[] }[], columns = 2) {
  const tally = new RetentionTally(3, columns);
  for (const one of retained) tally.add(one);
  return tally;
}

const visitors = [
  { cohort: 0, returned: [0, 1, 2] },
  { cohort: 0, returned: [1] },
  { cohort: 2, returned: [0] },
];

describe("RetentionTally", () => {
  it("counts a visitor once in each period, up to the last column and the end of the range", () => {
    expect(tallied(visitors).state.cohorts).toEqual([
      { size: 2, returned: [1, 2] },
      { size: 0, returned: [0, 0] },
      { size: 1, returned: [1] },
    ]);
  });

  it("ignores a visitor of no cohort", () => {
    expect(tallied([{ cohort: 3, returned: [0] }]).state).toEqual(tallied([]).state);
  });

  it("is the same in parts as in one", () => {
    const joined = tallied(visitors.slice(0, 1));
    joined.addAll(tallied(visitors.slice(1)).state);
    expect(joined.state).toEqual(tallied(visitors).state);
  });
});

describe("retentionAnswer", () => {
  const starts = ["2021-01-01", "2021-01-02", "2021-01-03"];

  it("has the exact numbers if all visitors were read", () => {
    expect(retentionAnswer(tallied(visitors).state, starts, 1)).toEqual({
      cohorts: [
        { start: "2021-01-01", size: 2, returned: [1, 2] },
        { start: "2021-01-02", size: 0, returned: [0, 0] },
        { start: "2021-01-03", size: 1, returned: [1] },
      ],
      accuracy: { exact: true },
    });
  });

  it("has estimates with intervals if they are a sample", () => {
    const { cohorts, accuracy } = retentionAnswer(tallied(visitors).state, starts, 0.5);
    expect(accuracy).toEqual({ exact: false, sampled: 0.5 });
    const [first] = cohorts;
    expect(first).toMatchObject({ size: 4, returned: [2, 4] });
    expect(first?.size_interval_95?.[0]).toBeLessThanOrEqual(4);
    expect(first?.size_interval_95?.[1]).toBeGreaterThan(4);
    expect(first?.interval_95).toHaveLength(2);
  });
});
