import { describe, expect, it } from "vitest";
import { numbersAnswer } from "../../../../src/model/questions/numbers/numbers-answer";
import { estimate } from "../../../../src/model/questions/numbers/numbers-line";
import type { NumbersItem } from "../../../../src/model/questions/numbers/numbers-tally";
import type { NumbersQuestion } from "../../../../src/model/questions/question";
import { randomFrom } from "../random";
import { KINDS, metricOf, question, sessionsOf, stateOf, tallyOf } from "./sampled-sessions";

const SEEDS = 200;

/** The true numbers, in the plainest way. */
function truths(sessions: readonly NumbersItem[][]): Record<(typeof KINDS)[number], number> {
  const numbers = sessions
    .flat()
    .map(({ number }) => number ?? 0)
    .sort((a, b) => a - b);
  const sum = numbers.reduce((total, number) => total + number, 0);
  const rank = (share: number) => numbers[Math.ceil(share * numbers.length) - 1] ?? 0;
  return {
    ...{ events: numbers.length, sessions: sessions.length, sum, avg: sum / numbers.length },
    ...{ p50: rank(0.5), p90: rank(0.9) },
  };
}

describe("the 95 % interval of a sampled number", () => {
  it.each([
    [800, 1 / 4],
    [2_000, 1 / 8],
  ])(
    "of %i sessions, sampled %d, holds the true one in 92 of 100 samples at least",
    (count, share) => {
      const held = new Map<string, number>();
      for (let seed = 1; seed <= SEEDS; seed++) {
        const random = randomFrom(seed);
        const sessions = sessionsOf(count, random);
        const sample = sessions.filter(() => random() < share);
        const groupOf = (own: readonly NumbersItem[][]) => own.filter(([first]) => first?.key === '["/"]');
        for (const [name, all, some] of [
          ["all", sessions, sample] as const,
          ["/", groupOf(sessions), groupOf(sample)] as const,
        ]) {
          const truth = truths(all);
          for (const kind of KINDS) {
            const [low, high] = estimate(stateOf(kind, some).all.total, metricOf(kind), share).interval ?? [1, 0];
            const key = `${kind} of ${name}`;
            held.set(key, (held.get(key) ?? 0) + (truth[kind] >= low && truth[kind] <= high ? 1 : 0));
          }
        }
      }
      for (const [key, times] of held) expect(times / SEEDS, key).toBeGreaterThanOrEqual(0.92);
      expect(held.size).toBe(2 * KINDS.length);
    },
    120_000,
  );
});

describe("an answer with numbers", () => {
  it("shows the largest groups, and all others together", () => {
    const answer = numbersAnswer(question, stateOf("events", sessionsOf(200, randomFrom(5))), 1);
    expect(answer).toMatchObject({ results: [{ "data.path": "/a" }], other: { groups: 1 }, accuracy: { exact: true } });
    expect((answer.results[0]?.total ?? 0) + (answer.other?.total ?? 0)).toBe(answer.total.total);
  });

  const item = (path: string | null, number: number | null, place = 0): NumbersItem => ({
    ...{ key: JSON.stringify([path]), number, place },
  });

  function answered(kind: (typeof KINDS)[number], sessions: readonly NumbersItem[][], more: Partial<NumbersQuestion>) {
    const tally = tallyOf(kind);
    for (const items of sessions) tally.add(items);
    return numbersAnswer({ ...question, metric: metricOf(kind), ...more }, tally.state, 1);
  }

  it("has a number for each bucket, also for those without events", () => {
    const sessions = [[item("/", 5), item("/", 7, 2)]];
    const buckets = { bounds: [0, 3_600_000_000, 7_200_000_000, 10_800_000_000], interval: "hour", top: 5 };
    expect(answered("sum", sessions, buckets)).toMatchObject({
      buckets: ["1970-01-01T00:00:00+00:00", "1970-01-01T01:00:00+00:00", "1970-01-01T02:00:00+00:00"],
      results: [{ "data.path": "/", total: 12, values: [5, 0, 7] }],
      other: { groups: 0, total: 0, values: [0, 0, 0] },
    });
    expect(answered("avg", sessions, buckets).total.values).toEqual([5, null, 7]);
  });

  it("counts a session once, though it is in two groups", () => {
    const answer = answered("sessions", [[item("/", 1), item("/", 1), item(null, 1)]], { top: 5 });
    expect(answer.total.total).toBe(1);
    expect(answer.results.map((line) => ({ ...line }))).toEqual([
      { "data.path": "/", total: 1 },
      { "data.path": null, total: 1 },
    ]);
  });

  it("cannot add up distinct sessions, means and percentiles of groups that are not shown", () => {
    const sessions = [[item("/", 1)], [item("/", 3)], [item("/a", 5)]];
    for (const kind of ["sessions", "avg", "p50"] as const) {
      expect(answered(kind, sessions, {}).other).toEqual({ groups: 1, total: null });
    }
    expect(answered("sum", sessions, {}).other).toEqual({ groups: 1, total: 4 });
  });

  it("orders groups of a sum by the sum, and others by the number of events", () => {
    const sessions = [[item("/few", 100)], [item("/many", 1), item("/many", 2)]];
    expect(answered("sum", sessions, {}).results).toMatchObject([{ "data.path": "/few" }]);
    expect(answered("events", sessions, {}).results).toMatchObject([{ "data.path": "/many" }]);
  });

  it("is a single line without groups", () => {
    const answer = answered("p90", [[item("/", 1), item("/", 2), item("/", null)]], { groupBy: [] });
    expect(answer).toMatchObject({ metric: "p90:price", results: [{ total: 2 }], total: { total: 2 } });
    expect(answer).not.toHaveProperty("other");
  });

  it("states the error of percentiles of very many different numbers", () => {
    const numbers = Array.from({ length: 16_000 }, (_, n) => item("/", 1_000_000.5 + n));
    const { accuracy, total } = answered("p50", [numbers], {});
    expect(accuracy).toMatchObject({ exact: false });
    expect(accuracy.relative_error).toBeLessThan(0.001);
    expect(Math.abs((total.total ?? 0) / 1_007_999.5 - 1)).toBeLessThanOrEqual(accuracy.relative_error ?? 0);
  });

  it("compares the shown groups with the same groups of the other period", () => {
    const before = tallyOf("events");
    for (const items of [[item("/b", 1)], [item("/b", 1)], [item("/c", 1)], [item("/a", 1)]]) before.add(items);
    const tally = tallyOf("events");
    for (const items of [[item("/a", 1)], [item("/a", 1)], [item("/b", 1)]]) tally.add(items);
    const state = { ...tally.state, before: before.state };
    const compared = numbersAnswer({ ...question, comparedBounds: [10, 12] }, state, 1);
    expect(compared.results).toEqual([{ "data.path": "/a", total: 2, comparison: { total: 1 } }]);
    expect(compared.other).toEqual({ groups: 1, total: 1, comparison: { total: 3 } });
    expect(compared.total).toEqual({ total: 3, comparison: { total: 4 } });
    expect(compared.comparison).toEqual({
      start: "1970-01-01T00:00:00.000010+00:00",
      end: "1970-01-01T00:00:00.000012+00:00",
    });
  });
});
