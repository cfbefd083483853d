import { describe, expect, it } from "vitest";
import { funnelAnswer, MAX_GROUPS_SHOWN } from "../../../../src/model/questions/sequences/funnel-answer";
import { type FunnelState, OTHER_GROUPS } from "../../../../src/model/questions/sequences/funnel-tally";
import { StepTimes } from "../../../../src/model/questions/sequences/step-times";

const SECOND = 1_000_000;

/** The times of sessions that completed both steps of a funnel, in seconds. */
function timesOf(...seconds: number[]): FunnelState["times"] {
  const times = new StepTimes(2);
  for (const one of seconds) times.add([0, one * SECOND]);
  return times.state;
}

const state = (groups: FunnelState["groups"], times = timesOf()): FunnelState => ({ groups, times, isFolded: false });
const WHOLE = { steps: 2, share: 1, isGrouped: false };

describe("funnelAnswer", () => {
  it("counts each step's sessions, with their shares and times", () => {
    // Six completed only the first step, two both.
    const { steps, groups, accuracy } = funnelAnswer(state([[null, [6, 2], []]], timesOf(3, 5)), WHOLE);
    expect(steps).toEqual([
      { count: 8, share_of_first: 1, share_of_previous: 1 },
      { count: 2, share_of_first: 0.25, share_of_previous: 0.25, seconds_from_previous: { p50: 3, p90: 5 } },
    ]);
    expect([groups, accuracy]).toEqual([undefined, { exact: true }]);
  });

  it("has shares of nothing, and no times, without sessions", () => {
    const { steps } = funnelAnswer(state([[null, [0, 0], []]]), WHOLE);
    expect(steps[1]).toEqual({ count: 0, share_of_first: 0, share_of_previous: 0 });
  });

  it("has intervals if it is estimated from a sample", () => {
    const { steps, accuracy } = funnelAnswer(state([[null, [6, 2], []]], timesOf(3, 5)), { ...WHOLE, share: 0.5 });
    expect(steps[0]?.count).toBe(16);
    expect(steps[1]?.interval_95).toHaveLength(2);
    expect(steps[1]?.seconds_from_previous?.p50_interval_95).toHaveLength(2);
    expect(accuracy).toEqual({ exact: false, sampled: 0.5 });
  });

  it("has the largest groups with their own times, and the others together", () => {
    const many = Array.from({ length: MAX_GROUPS_SHOWN + 2 }, (_, n): FunnelState["groups"][number] => [
      `group-${String(n).padStart(2, "0")}`,
      [100 - n, 1],
      timesOf(n + 1),
    ]);
    const folded: FunnelState["groups"][number] = [OTHER_GROUPS, [0, 1], timesOf(90)];
    const { groups = [] } = funnelAnswer(state([folded, ...many]), { ...WHOLE, isGrouped: true });
    expect(groups).toHaveLength(MAX_GROUPS_SHOWN + 1);
    expect(groups[0]).toMatchObject({
      group: "group-00",
      steps: [{ count: 101 }, { seconds_from_previous: { p50: 1 } }],
    });
    const last = groups.at(-1);
    expect(last?.group).toBe(OTHER_GROUPS);
    expect(last?.steps[1]).toMatchObject({ count: 3, seconds_from_previous: { p50: 52, p90: 90 } });
  });
});
