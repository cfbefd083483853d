import { describe, expect, it } from "vitest";
import { funnelAnswer, MAX_GROUPS_SHOWN } from "../../../../src/model/questions/sequences/funnel-answer";
import { FunnelTally, MAX_FUNNEL_GROUPS } from "../../../../src/model/questions/sequences/funnel-tally";
import { randomFrom } from "../random";

const whole = { steps: 2, share: 1, isGrouped: true };

describe("FunnelTally", () => {
  it("answers with zeros if there are no sessions", () => {
    expect(funnelAnswer(new FunnelTally(2).state, { ...whole, isGrouped: false })).toEqual({
      steps: [
        { count: 0, share_of_first: 0, share_of_previous: 0 },
        { count: 0, share_of_first: 0, share_of_previous: 0 },
      ],
      accuracy: { exact: true },
    });
  });

  it("shows the largest groups and combines the others", () => {
    const tally = new FunnelTally(2);
    for (let group = 0; group < 80; group++) {
      for (let n = 0; n <= group; n++) tally.add({ moments: n === 0 ? [0, 5_000_000] : [0], group: `group ${group}` });
    }
    const { steps, groups = [], accuracy } = funnelAnswer(tally.state, whole);
    expect(accuracy).toEqual({ exact: true });
    expect(groups).toHaveLength(MAX_GROUPS_SHOWN + 1);
    expect(groups[0]).toMatchObject({ group: "group 79", steps: [{ count: 80 }, { count: 1 }] });
    expect(groups.at(-1)).toMatchObject({ group: "(other)", steps: [{ count: 465 }, { count: 30 }] });
    expect(steps).toMatchObject([{ count: 3_240 }, { count: 80, seconds_from_previous: { p50: 5, p90: 5 } }]);
  });

  it("counts a bounded number of groups separately and reports it", () => {
    const tally = new FunnelTally(2);
    for (let group = 0; group < MAX_FUNNEL_GROUPS + 100; group++) tally.add({ moments: [0], group: `group ${group}` });
    const { steps, accuracy } = funnelAnswer(tally.state, whole);
    expect(tally.state.groups.length).toBeLessThanOrEqual(MAX_FUNNEL_GROUPS + 1);
    expect(accuracy).toEqual({ exact: false, folded: true });
    expect(steps[0]?.count).toBe(MAX_FUNNEL_GROUPS + 100);
  });

  it("keeps a bounded number of different times, and states the error of the rounded ones", () => {
    const random = randomFrom(9);
    const paths = Array.from({ length: 60_000 }, (_, n) => ({
      moments: [0, Math.round(random() * 1_800_000) * 1_000, 3_600_000_000],
      group: `group ${n % 100}`,
    }));
    const joined = new FunnelTally(3);
    for (let part = 0; part < 4; part++) {
      const tally = new FunnelTally(3);
      for (const path of paths.slice(part * 15_000, (part + 1) * 15_000)) tally.add(path);
      joined.addAll(JSON.parse(JSON.stringify(tally.state)));
    }
    expect(JSON.stringify(joined.state).length).toBeLessThan(1_200_000);
    const { steps, groups = [], accuracy } = funnelAnswer(joined.state, { steps: 3, share: 1, isGrouped: true });
    const { percentiles_relative_error: error = 0, ...rest } = accuracy;
    expect(rest).toEqual({ exact: true });
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(0.025);
    const medianOf = (own: typeof paths) =>
      own.map(({ moments }) => (moments[1] ?? 0) / 1_000_000).sort((a, b) => a - b)[Math.ceil(own.length / 2) - 1] ?? 0;
    const distance = (found: number | undefined, own: typeof paths) => Math.abs((found ?? 0) / medianOf(own) - 1);
    expect(distance(steps[1]?.seconds_from_previous?.p50, paths)).toBeLessThan(0.001);
    for (const { group, steps: own } of groups.filter(({ group }) => group !== "(other)")) {
      const members = paths.filter((path) => path.group === group);
      expect(distance(own[1]?.seconds_from_previous?.p50, members)).toBeLessThanOrEqual(error + 1e-6);
    }
    const others = paths.filter((path) => !groups.some(({ group }) => group === path.group));
    expect(distance(groups.at(-1)?.steps[1]?.seconds_from_previous?.p50, others)).toBeLessThanOrEqual(error + 1e-6);
  });

  it("reports intervals if the sessions are a sample", () => {
    const tally = new FunnelTally(2);
    for (let n = 0; n < 100; n++) tally.add({ moments: n < 40 ? [0, n * 1_000_000] : [0], group: null });
    const { steps, accuracy } = funnelAnswer(tally.state, { steps: 2, share: 0.25, isGrouped: false });
    expect(accuracy).toEqual({ exact: false, sampled: 0.25 });
    expect(steps[0]?.count).toBe(400);
    const {
      interval_95: counts = [0, 0],
      share_of_first_interval_95: shares = [0, 0],
      seconds_from_previous: seconds,
    } = steps[1] ?? {};
    expect(counts[0]).toBeLessThan(160);
    expect(counts[1]).toBeGreaterThan(160);
    expect(shares[0]).toBeLessThan(0.4);
    expect(shares[1]).toBeGreaterThan(0.4);
    expect(seconds?.p50_interval_95?.[0]).toBeLessThan(19);
    expect(seconds?.p50_interval_95?.[1]).toBeGreaterThan(19);
  });
});
