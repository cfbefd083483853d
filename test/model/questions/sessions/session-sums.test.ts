import { describe, expect, it } from "vitest";
import { addSession, addSums, emptySums, estimateSums } from "../../../../src/model/questions/sessions/session-sums";
import { randomFrom } from "../random";

const SEEDS = 200;

interface Session {
  events: number;
  seconds: number;
}

/** A third are bounces; the others have some events, a few of them many, over very different times. */
function sessionsOf(count: number, random: () => number): Session[] {
  return Array.from({ length: count }, () => {
    if (random() < 1 / 3) return { events: 1, seconds: 0 };
    const events = Math.min(200, 2 + Math.floor(-Math.log(1 - random()) * 6));
    return { events, seconds: Math.round(Math.exp(3 + 1.2 * (random() + random() + random() - 1.5)) * 1e6) / 1e6 };
  });
}

function sumsOf(sessions: readonly Session[]) {
  const sums = emptySums(true);
  for (const session of sessions) addSession(sums, session);
  return sums;
}

/** The true numbers, in the plainest way. */
function truths(sessions: readonly Session[]) {
  const sum = (numbers: readonly number[]) => numbers.reduce((all, number) => all + number, 0);
  const seconds = sessions.map((session) => session.seconds).sort((a, b) => a - b);
  const events = sum(sessions.map((session) => session.events));
  const rank = (q: number) => seconds[Math.ceil(q * seconds.length) - 1] ?? 0;
  return {
    sessions: sessions.length,
    bounces: sessions.filter((session) => session.events === 1).length,
    events,
    eventsPerSession: events / sessions.length,
    mean: sum(seconds) / sessions.length,
    p50: rank(0.5),
    p90: rank(0.9),
  };
}

describe("the 95 % interval of a number about sessions", () => {
  it.each([
    [600, 1 / 4],
    [3_000, 1 / 16],
  ])(
    "of %i sessions, sampled %d, holds the true one in 92 of 100 samples at least",
    (count, share) => {
      const held = new Map<string, number>();
      for (let seed = 1; seed <= SEEDS; seed++) {
        const random = randomFrom(seed);
        const sessions = sessionsOf(count, random);
        const found = estimateSums(sumsOf(sessions.filter(() => random() < share)), share);
        for (const [name, truth] of Object.entries(truths(sessions))) {
          const [low, high] = new Map(Object.entries(found)).get(name)?.interval ?? [1, 0];
          held.set(name, (held.get(name) ?? 0) + (low <= truth && truth <= high ? 1 : 0));
        }
      }
      const tooFew = [...held].filter(([, times]) => times < 0.92 * SEEDS);
      expect(tooFew).toEqual([]);
      expect(held.size).toBe(7);
    },
    60_000,
  );
});

describe("the sums of all sessions", () => {
  const sessions = sessionsOf(500, randomFrom(3));

  it("have the true numbers, and percentiles within 1 %", () => {
    const found = estimateSums(sumsOf(sessions), 1);
    const truth = truths(sessions);
    for (const name of ["sessions", "bounces", "events"] as const) {
      expect(found[name]).toEqual({ value: truth[name], interval: [truth[name], truth[name]] });
    }
    expect(found.eventsPerSession.value).toBeCloseTo(truth.eventsPerSession, 9);
    expect(found.mean.value).toBeCloseTo(truth.mean, 9);
    for (const name of ["p50", "p90"] as const) {
      expect(Math.abs((found[name].value ?? 0) / truth[name] - 1)).toBeLessThanOrEqual(0.010_001);
    }
  });

  it("are the sums of the parts added up, also after they were stored", () => {
    const sum = emptySums(true);
    for (const part of [sessions.slice(0, 100), sessions.slice(100)]) {
      addSums(sum, JSON.parse(JSON.stringify(sumsOf(part))));
    }
    const { seconds, secondSquares, ...rest } = sumsOf(sessions);
    expect(sum).toEqual({
      ...rest,
      seconds: expect.closeTo(seconds, 6),
      secondSquares: expect.closeTo(secondSquares, 3),
    });
  });

  it("have no mean and no percentiles without sessions", () => {
    const { mean, p50, sessions: none } = estimateSums(emptySums(true), 1);
    expect([mean.value, p50.value, none.value]).toEqual([null, null, 0]);
  });
});
