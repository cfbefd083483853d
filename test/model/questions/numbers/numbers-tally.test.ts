import { describe, expect, it } from "vitest";
import { estimate, numbersAnswer } from "../../../../src/model/questions/numbers/numbers-answer";
import { type NumbersItem, NumbersTally } from "../../../../src/model/questions/numbers/numbers-tally";
import type { NumbersQuestion } from "../../../../src/model/questions/question";
import { randomFrom } from "../random";

const SEEDS = 200;

const KINDS = ["events", "sessions", "sum", "avg", "p50", "p90"] as const;

function metricOf(kind: (typeof KINDS)[number]): NumbersQuestion["metric"] {
  return kind === "events" || kind === "sessions"
    ? { kind, property: null }
    : { kind, property: { name: "price", path: ["price"] } };
}

function tallyOf(kind: string): NumbersTally {
  return new NumbersTally(kind === "sessions", kind === "p50" || kind === "p90");
}

/** Sessions of a few events each, some of many, whose numbers differ from session to session. */
function sessionsOf(count: number, random: () => number): NumbersItem[][] {
  return Array.from({ length: count }, () => {
    const events = Math.min(60, 1 + Math.floor(-Math.log(1 - random()) * 5));
    const level = Math.round(-Math.log(1 - random()) * 400);
    const path = random() < 0.3 ? "/" : "/a";
    return Array.from({ length: events }, () => ({
      ...{ key: JSON.stringify([path]), place: 0 },
      number: level + Math.floor(random() * 50),
    }));
  });
}

function stateOf(kind: string, sessions: readonly NumbersItem[][]) {
  const tally = tallyOf(kind);
  for (const items of sessions) tally.add(kind === "events" || kind === "sessions" ? items.map(asOne) : items);
  return tally.state;
}

const asOne = (item: NumbersItem) => ({ ...item, number: 1 });

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

const question: NumbersQuestion = {
  kind: "stats",
  ...{ from: 0, to: 1, per: "session", applications: null, category: null, name: null, properties: [] },
  ...{
    metric: { kind: "events", property: null },
    groupBy: [{ kind: "property", property: { name: "path", path: ["path"] } }],
  },
  ...{ bounds: [0, 2], interval: "none", timezone: "UTC", top: 1, templates: [] },
};

describe("a tally of numbers", () => {
  it.each(KINDS)("is the same in parts as in one: %s", (kind) => {
    const sessions = sessionsOf(400, randomFrom(3));
    const whole = stateOf(kind, sessions);
    const joined = tallyOf(kind);
    for (let part = 0; part < 4; part++) {
      const own = stateOf(
        kind,
        sessions.filter((_, place) => place % 4 === part),
      );
      joined.addAll(JSON.parse(JSON.stringify(own)));
    }
    const asked = { ...question, metric: metricOf(kind) };
    expect(numbersAnswer(asked, joined.state, 1)).toEqual(numbersAnswer(asked, whole, 1));
  });

  it("shows the largest groups, and all others together", () => {
    const answer = numbersAnswer(question, stateOf("events", sessionsOf(200, randomFrom(5))), 1);
    expect(answer).toMatchObject({ results: [{ "data.path": "/a" }], other: { groups: 1 }, accuracy: { exact: true } });
    expect((answer.results[0]?.total ?? 0) + (answer.other?.total ?? 0)).toBe(answer.total.total);
  });

  it("puts small groups together where there are too many, and says so", () => {
    const tally = tallyOf("events");
    for (let n = 0; n < 9_000; n++) tally.add([{ key: JSON.stringify([`${n}`]), place: 0, number: 1 }]);
    for (let n = 0; n < 5; n++) tally.add([{ key: '["0"]', place: 0, number: 1 }]);
    const answer = numbersAnswer(question, tally.state, 1);
    expect(answer.accuracy).toEqual({ exact: false, groups_folded: true });
    expect(answer.results).toMatchObject([{ "data.path": "0", total: 6 }]);
    expect(answer.other).toEqual({ groups: 8_999, total: 8_999 });
    expect(answer.total.total).toBe(9_005);
  });
});
