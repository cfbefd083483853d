import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { numbersAnswer } from "../../../../src/model/questions/numbers/numbers-answer";
import {
  type NumbersItem,
  type NumbersState,
  NumbersTally,
} from "../../../../src/model/questions/numbers/numbers-tally";
import { nextPass } from "../../../../src/model/questions/numbers/percentile-passes";
import { randomFrom } from "../random";
import { metricOf, question } from "./sampled-sessions";

const asked = {
  ...{ ...question, metric: metricOf("p90"), bounds: [0, 1, 2, 3], interval: "hour", top: 2 },
};

function tallyOf(found: NumbersState | null): NumbersTally {
  return new NumbersTally({ isDistinct: false, hasValues: true, isGrouped: true, hasBuckets: true, parts: 1, found });
}

/** As a job does: passes of two steps each, whose states are stored as JSON. */
function jobOf(sessions: readonly NumbersItem[][]): { answer: ReturnType<typeof numbersAnswer>; passes: number } {
  let state: NumbersState | null = null;
  for (let passes = 1; ; passes++) {
    const joined: NumbersTally = tallyOf(null);
    if (state !== null) joined.addAll(state);
    for (const half of [0, 1]) {
      const own = tallyOf(state);
      for (const items of sessions.filter((_, place) => place % 2 === half)) own.add(items);
      joined.addAll(JSON.parse(JSON.stringify(own.state)));
    }
    const next = nextPass(asked, joined.state);
    if (next === null) return { answer: numbersAnswer(asked, joined.state, 1), passes };
    state = JSON.parse(JSON.stringify(next));
  }
}

describe("percentiles in several passes", () => {
  it("are those of all numbers, whatever these are", { timeout: 120_000 }, () => {
    const property = fc.property(
      fc.constantFrom<((random: number) => number)[]>(
        (random) => Math.round(random * 1e6) / 100,
        (random) => random,
        (random) => Math.round((random - 0.5) * 1e9),
        (random) => Math.exp(40 * random),
        (random) => (random < 0.95 ? 0 : random),
      ),
      fc.integer({ min: 1, max: 1_000 }),
      (numberOf, seed) => {
        const random = randomFrom(seed);
        const sessions = Array.from({ length: 30_000 }, (): NumbersItem[] => [
          {
            key: JSON.stringify([["/", "/a", "/b"][Math.floor(random() ** 2 * 3)]]),
            place: Math.floor(random() * 3),
            number: numberOf(random()),
          },
        ]);
        const { answer, passes } = jobOf(sessions);
        expect(passes).toBeLessThanOrEqual(4);
        expect(answer.accuracy).toEqual({ exact: true });
        const items = sessions.flat();
        const p90 = (own: readonly NumbersItem[]) =>
          own.map(({ number }) => number ?? 0).sort((a, b) => a - b)[Math.ceil(own.length * 0.9) - 1];
        const values = (own: readonly NumbersItem[]) =>
          [0, 1, 2].map((place) => p90(own.filter((item) => item.place === place)));
        expect(answer.total).toEqual({ total: p90(items), values: values(items) });
        for (const line of answer.results) {
          const own = items.filter(({ key }) =>
            Object.entries(line).some(([, value]) => key === JSON.stringify([value])),
          );
          expect(line).toMatchObject({ total: p90(own), values: values(own) });
        }
        expect(answer.results).toHaveLength(2);
        expect(answer.other).toMatchObject({ groups: 1, total: null });
      },
    );
    fc.assert(property, { numRuns: 6, seed: 3 });
  });

  it("take one where few numbers are different, and none of other metrics", () => {
    const sessions = Array.from({ length: 40_000 }, (_, n) => [{ key: "[null]", place: 0, number: n % 500 }]);
    expect(jobOf(sessions).passes).toBe(1);
    expect(nextPass({ ...asked, metric: metricOf("avg") }, tallyOf(null).state)).toBeNull();
  });
});
