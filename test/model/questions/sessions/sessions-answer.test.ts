import { describe, expect, it } from "vitest";
import { RELATIVE_ERROR } from "../../../../src/model/questions/numbers/number-bins";
import type { SessionsQuestion } from "../../../../src/model/questions/question";
import { sessionsAnswer } from "../../../../src/model/questions/sessions/sessions-answer";
import { type SessionItem, SessionsTally } from "../../../../src/model/questions/sessions/sessions-tally";

const SECOND = 1_000_000;
const HOUR = 3_600 * SECOND;

const QUESTION: SessionsQuestion = {
  ...{ kind: "session_stats", from: 0, to: 2 * HOUR - 1, per: "session", applications: null },
  ...{ category: null, name: null, properties: [], templates: [] },
  ...{ groupBy: null, bounds: [0, HOUR, 2 * HOUR], interval: "hour", timezone: "UTC", top: 10 },
};
const WHOLE: SessionsQuestion = { ...QUESTION, bounds: [0, 2 * HOUR], interval: "none" };
const BY_APPLICATION: SessionsQuestion = { ...WHOLE, groupBy: "application" };

/** A session of some events, 10 seconds apart. */
function sessionOf(events: number, changes: Partial<SessionItem> = {}, start = 0): SessionItem[] {
  return Array.from({ length: events }, (_, n) => ({
    ...{ application: "shop", category: "page", name: "view", text: null, visitor: null },
    ...changes,
    occurredAt: start + n * 10 * SECOND,
  }));
}

function answer(question: SessionsQuestion, sessions: readonly SessionItem[][], share = 1) {
  const tally = new SessionsTally(question);
  for (const session of sessions) tally.add(session);
  return sessionsAnswer(question, JSON.parse(JSON.stringify(tally.state)), share);
}

describe("an answer from all sessions", () => {
  const sessions = [
    sessionOf(3, { visitor: "a" }),
    sessionOf(1, { visitor: "b" }),
    sessionOf(2, { visitor: "a" }, HOUR),
  ];

  it("has exact numbers without intervals", () => {
    const { results, total, accuracy, ...rest } = answer(WHOLE, sessions);
    expect(total).toEqual({
      ...{ sessions: { total: 3 }, visitors: { total: 2 }, bounces: { total: 1 }, events: { total: 6 } },
      duration_seconds: { mean: 10, p50: expect.closeTo(10, 0), p90: expect.closeTo(20, 0) },
      events_per_session: 2,
    });
    expect(results).toEqual([total]);
    expect(accuracy).toEqual({ exact: true, percentiles_relative_error: RELATIVE_ERROR });
    expect(rest).toEqual({ interval: "none", timezone: "UTC" });
  });

  it("has a value for each bucket, and the buckets' starts in the zone", () => {
    const { buckets, total } = answer({ ...QUESTION, timezone: "Europe/Berlin" }, sessions);
    expect(buckets).toEqual(["1970-01-01T01:00:00+01:00", "1970-01-01T02:00:00+01:00"]);
    expect(total.sessions).toEqual({ total: 3, values: [2, 1] });
    expect(total.visitors).toEqual({ total: 2, values: [2, 1] });
    expect(total.bounces).toEqual({ total: 1, values: [1, 0] });
    expect(total.events).toEqual({ total: 6, values: [4, 2] });
    expect(total.duration_seconds.values?.map(({ mean }) => mean)).toEqual([10, 10]);
  });

  it("has zeros, and no durations, in a bucket without sessions", () => {
    const { total } = answer(QUESTION, [sessionOf(2)]);
    expect(total.sessions.values).toEqual([1, 0]);
    expect(total.duration_seconds.values?.[1]).toEqual({ mean: null, p50: null, p90: null });
  });

  it("has neither means nor percentiles without sessions", () => {
    const { total } = answer(WHOLE, []);
    expect(total).toMatchObject({ sessions: { total: 0 }, events_per_session: null });
    expect(total.duration_seconds).toEqual({ mean: null, p50: null, p90: null });
  });
});

describe("the groups of an answer", () => {
  const sessions = [
    ...[1, 2, 3].map(() => sessionOf(1, { application: "blog", visitor: "a" })),
    ...[1, 2].map(() => sessionOf(2, { application: "shop", visitor: "b" })),
    ...[1, 2].map(() => sessionOf(1, { application: "app", visitor: "b" })),
    sessionOf(1, { application: "docs", visitor: "c" }),
  ];

  it("come with the most sessions first, and by their name among equals", () => {
    const { results, other, total } = answer(BY_APPLICATION, sessions);
    expect(results.map((line) => [Object.entries(line)[0], line.sessions.total])).toEqual([
      [["application", "blog"], 3],
      [["application", "app"], 2],
      [["application", "shop"], 2],
      [["application", "docs"], 1],
    ]);
    expect(other).toMatchObject({ groups: 0, sessions: { total: 0 } });
    expect(total.sessions).toEqual({ total: 8 });
  });

  it("beyond the first ones are added up, with each visitor once", () => {
    const { results, other } = answer({ ...BY_APPLICATION, top: 1 }, sessions);
    expect(results).toHaveLength(1);
    expect(results[0]?.visitors).toEqual({ total: 1 });
    // The visitor b has sessions in two of these groups.
    expect(other).toMatchObject({
      ...{ groups: 3, sessions: { total: 5 }, visitors: { total: 2 }, events: { total: 7 }, bounces: { total: 3 } },
    });
  });

  it("that were folded count with the others, whose visitors are not known then", () => {
    const many = Array.from({ length: 1_000 }, (_, n) => sessionOf(1, { application: `a-${n}`, visitor: `v-${n}` }));
    const { other, total, accuracy } = answer(BY_APPLICATION, many);
    expect(other).toMatchObject({ groups: 990, sessions: { total: 990 }, visitors: { total: null } });
    expect(total).toMatchObject({ sessions: { total: 1_000 }, visitors: { total: 1_000 } });
    expect(accuracy).toMatchObject({ exact: false, groups_folded: true });
  });

  it("do not exist without a grouping", () => {
    expect(answer(WHOLE, sessions)).not.toHaveProperty("other");
  });
});

describe("an answer from a sample", () => {
  const sessions = Array.from({ length: 100 }, (_, n) => sessionOf(1 + (n % 4), { visitor: `v-${n}` }));

  it("has estimates with their intervals", () => {
    const { total, accuracy } = answer(WHOLE, sessions, 1 / 4);
    expect(total.sessions.total).toBe(400);
    const [low = 0, high = 0] = total.sessions.interval_95 ?? [];
    expect(low).toBeLessThan(400);
    expect(high).toBeGreaterThan(400);
    expect(total.events_per_session).toBe(2.5);
    expect(total.events_per_session_interval_95?.[0]).toBeLessThan(2.5);
    expect(total.duration_seconds).toMatchObject({
      mean: 15,
      mean_interval_95: [expect.any(Number), expect.any(Number)],
    });
    expect(accuracy).toEqual({ exact: false, sampled: 1 / 4, percentiles_relative_error: RELATIVE_ERROR });
  });

  it("does not know the visitors, who have sessions outside the sample", () => {
    expect(answer(WHOLE, sessions, 1 / 4).total.visitors).toEqual({ total: null });
  });

  it("has an interval for each bucket", () => {
    const { total } = answer(QUESTION, sessions, 1 / 4);
    expect(total.sessions.values).toEqual([400, 0]);
    expect(total.sessions.values_interval_95).toHaveLength(2);
  });
});

it("has an interval for the visitors if there are too many to keep, while the rest is exact", () => {
  const sessions = Array.from({ length: 25_000 }, (_, n) => sessionOf(1, { visitor: `v-${n}` }));
  const { total, accuracy } = answer(WHOLE, sessions);
  expect(total.sessions).toEqual({ total: 25_000 });
  const [low = 0, high = 0] = total.visitors.interval_95 ?? [];
  expect(low).toBeLessThan(high);
  expect((total.visitors.total ?? 0) / 25_000).toBeCloseTo(1, 1);
  expect(accuracy).toMatchObject({ exact: false, visitors_sampled: 1 / 2 });
});
