import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { ANY_EVENT } from "../../../src/model/questions/event-pattern";
import type {
  FunnelQuestion,
  PathsQuestion,
  RetentionQuestion,
  SequenceQuestion,
} from "../../../src/model/questions/question";
import type { FunnelAnswer } from "../../../src/model/questions/sequences/funnel-answer";
import type { PathAnswer } from "../../../src/model/questions/sequences/path-tally";
import { answerOf, type SequenceState, withTally } from "../../../src/model/questions/sequences/sequence-tally";
import { databasesOf } from "../../../src/storage/core/databases";
import { sealPartition } from "../../../src/storage/partitions/partition-lifecycle";
import { sampleKeyOf } from "../../../src/storage/partitions/sample-key";
import { sliceOfStep, TooManyRows, tallySlice } from "../../../src/storage/sequences/ask-sequences";
import { WHOLE } from "../../../src/storage/sequences/slice-statement";
import type { EventRow } from "../../../src/storage/write/rows";
import { emptyDatabases } from "../empty-databases";
import { eventRow, HOUR, MINUTE, MORNING, partitionsOf, SECOND, store } from "../seed";
import { type NaiveStep, naiveFunnel, naivePaths, naiveRetention, patternOf } from "./naive";

const databases = databasesOf(env);
const NARROW = 30 * MINUTE;

/**
 * Sessions of several applications and visitors over three hours and a month before: ties, late events, unusual
 * payloads.
 */
const anyRow = fc
  .record({
    session: fc.integer({ min: 0, max: 40 }),
    minute: fc.constantFrom(-40_000, 0, 0, 1, 14, 15, 29, 30, 31, 59, 60, 75, 119, 120, 179),
    rest: fc.constantFrom(0, 0, 1, 2 * SECOND, 4 * SECOND, 8 * SECOND),
    delay: fc.constantFrom(0, 0, 1_000, 2 * HOUR),
    application: fc.constantFrom("shop", "blog"),
    name: fc.constantFrom("pageview", "pageview", "click"),
    path: fc.constantFrom('"/"', '"/"', '"/blog/1"', '"/blog/2"', '"it\'s"', "17", "1.50", "true", "null", '{"a":1}'),
    hasVisitor: fc.constantFrom(true, true, true, false),
  })
  .map(({ session, minute, rest, delay, application, name, path, hasVisitor }) => {
    const occurredAt = MORNING + minute * MINUTE + rest;
    const visitor = hasVisitor ? `visitor ${session % 13}` : null;
    const data = path === "null" ? "{}" : `{"path":${path}}`;
    return { session: `s${session}`, occurredAt, receivedAt: occurredAt + delay, application, name, visitor, data };
  });

function sample(numRuns: number, seed: number): EventRow[] {
  return fc.sample(anyRow, { numRuns, seed }).map((row) => eventRow(row));
}

const anyStep: fc.Arbitrary<NaiveStep> = fc.oneof(
  fc.record({ name: fc.constantFrom("pageview", "click") }),
  fc.record({
    application: fc.constantFrom("shop", "blog"),
    path: fc.constantFrom(["/"], ["/blog/*"], ["17", "true"]),
  }),
  fc.record({ path: fc.constantFrom(["/"], ["/blog/*", "it's"], ["1.5"]) }),
  fc.record({ category: fc.constant("page interaction") }),
);

let rows: EventRow[];

const always = { from: MORNING - 100_000 * MINUTE, to: MORNING + 4 * HOUR };

function within(range: { from: number; to: number }): EventRow[] {
  return rows.filter(({ occurredAt }) => occurredAt >= range.from && occurredAt <= range.to);
}

async function ask(question: SequenceQuestion): Promise<SequenceState> {
  return (await tallySlice(databases, question, WHOLE, { maxRows: 1_000_000 })).state;
}

function funnel(steps: NaiveStep[], more: Partial<FunnelQuestion> = {}): FunnelQuestion {
  return {
    kind: "funnel",
    ...always,
    per: "session",
    applications: null,
    within: null,
    groupBy: null,
    steps: steps.map(patternOf),
    ...more,
  };
}

beforeAll(async () => {
  await emptyDatabases(databases);
  const early = sample(400, 11);
  await store(databases, { events: early }, NARROW);
  const map = await partitionsOf(databases).latest();
  for (const moment of [MORNING, MORNING + 60 * MINUTE]) {
    const partition = map.find(moment);
    if (partition !== null) await sealPartition(databases, partition);
  }
  const late = sample(120, 12);
  await store(databases, { events: late }, NARROW);
  rows = [...early, ...late];
}, 120_000);

const anyRange = fc.constantFrom(
  always,
  { from: MORNING, to: MORNING + 31 * MINUTE + 2 * SECOND },
  { from: MORNING + 1, to: MORNING + 119 * MINUTE + 59 * SECOND },
);

describe("funnels", () => {
  it("match a simple computation over the raw events", { timeout: 240_000 }, async () => {
    const property = fc.asyncProperty(
      fc.array(anyStep, { minLength: 2, maxLength: 4 }),
      fc.constantFrom(null, 0, 30 * SECOND, 20 * MINUTE),
      fc.constantFrom("session" as const, "visitor" as const),
      anyRange,
      async (steps, limit, per, range) => {
        const question = funnel(steps, { ...range, per, within: limit });
        const state = await ask(question);
        const answer = answerOf(question, state, 1) as FunnelAnswer;
        const { counts, gaps } = naiveFunnel(within(range), { steps, within: limit, per });
        expect(answer.steps.map(({ count }) => count)).toEqual(counts);
        for (const [step, own] of gaps.entries()) {
          const seconds = answer.steps[step + 1]?.seconds_from_previous;
          const median = own[Math.ceil(own.length / 2) - 1];
          expect(seconds?.p50).toEqual(median === undefined ? undefined : Math.round(median / 1_000) / 1_000);
        }
      },
    );
    await fc.assert(property, { numRuns: 30, seed: 1 });
  });

  it("have the counts and times of each group of the first step", async () => {
    const steps = [{ name: "pageview" }, { name: "click" }, {}];
    const question = funnel(steps, { groupBy: { kind: "property", path: ["path"] }, within: 20 * MINUTE });
    const { groups = [] } = answerOf(question, await ask(question), 1) as FunnelAnswer;
    const naive = naiveFunnel(rows, { steps, within: 20 * MINUTE, per: "session" }).groups;
    expect(groups.map(({ group }) => group).sort()).toEqual([...naive.keys()].sort());
    expect(groups.length).toBeGreaterThan(5);
    for (const { group, steps: own } of groups) {
      const { counts, gaps } = naive.get(group) ?? { counts: [], gaps: [] };
      expect(own.map(({ count }) => count)).toEqual(counts);
      for (const [step, times] of gaps.entries()) {
        const rank = (q: number) => Math.round((times[Math.ceil(q * times.length - 1e-9) - 1] ?? 0) / 1_000) / 1_000;
        const seconds = times.length === 0 ? undefined : { p50: rank(0.5), p90: rank(0.9) };
        expect(own[step + 1]?.seconds_from_previous).toEqual(seconds);
      }
    }
  });

  it("add up over the groups of the first step", async () => {
    const question = funnel([{ name: "pageview" }, { name: "click" }], {
      groupBy: { kind: "property", path: ["path"] },
    });
    const { steps, groups = [] } = answerOf(question, await ask(question), 1) as FunnelAnswer;
    expect(groups.length).toBeGreaterThan(5);
    expect(groups.map(({ group }) => group)).toEqual(expect.arrayContaining(["/", "17", "1.5", "true", "(none)"]));
    for (const [step, { count }] of steps.entries()) {
      expect(groups.reduce((sum, group) => sum + (group.steps[step]?.count ?? 0), 0)).toBe(count);
    }
  });
});

describe("applications that the caller cannot read", () => {
  it("count as if they had sent nothing", async () => {
    const steps = [{ name: "pageview" }, { name: "click" }];
    const question = funnel(steps, { applications: ["shop"] });
    const { counts } = naiveFunnel(
      rows.filter(({ application }) => application === "shop"),
      { steps, within: null, per: "session" },
    );
    const answer = answerOf(question, await ask(question), 1) as FunnelAnswer;
    expect(answer.steps.map(({ count }) => count)).toEqual(counts);
    const hidden = funnel([{ application: "blog" }, {}], { applications: ["shop"] });
    expect(answerOf(hidden, await ask(hidden), 1)).toMatchObject({ steps: [{ count: 0 }, { count: 0 }] });
  });
});

describe("paths", () => {
  it("match a simple computation over the raw events", { timeout: 240_000 }, async () => {
    const property = fc.asyncProperty(
      anyStep,
      fc.integer({ min: 1, max: 6 }),
      fc.constantFrom("session" as const, "visitor" as const),
      anyRange,
      async (start, depth, per, range) => {
        const question: PathsQuestion = {
          ...{
            applications: null,
            kind: "paths",
            ...range,
            per,
            start: patternOf(start),
            end: null,
            events: ANY_EVENT,
          },
          ...{ by: { kind: "property", path: ["path"] }, depth, top: 50 },
        };
        const { levels, edges } = answerOf(question, await ask(question), 1) as PathAnswer;
        const expected = naivePaths(within(range), { start, depth, per });
        expect(levels.map((level) => Object.fromEntries(level.map(({ key, count }) => [key, count])))).toEqual(
          expected.levels,
        );
        expect(
          Object.fromEntries(edges.map(({ level, from, to, count }) => [`${level} ${from} > ${to}`, count])),
        ).toEqual(expected.edges);
      },
    );
    await fc.assert(property, { numRuns: 20, seed: 2 });
  });

  it("sum rare keys, and lose none", async () => {
    const question: PathsQuestion = {
      ...{
        applications: null,
        kind: "paths",
        ...always,
        per: "session",
        start: patternOf({}),
        end: null,
        events: ANY_EVENT,
      },
      ...{ by: { kind: "property", path: ["path"] }, depth: 3, top: 2 },
    };
    const { levels, edges } = answerOf(question, await ask(question), 1) as PathAnswer;
    const sum = (entries: { count: number }[]) => entries.reduce((all, { count }) => all + count, 0);
    expect(levels[1]?.map(({ key }) => key).slice(2)).toEqual(["(other)"]);
    expect(sum(levels[1] ?? [])).toBe(sum(levels[0] ?? []));
    expect(sum(edges.filter(({ level }) => level === 0))).toBe(sum(levels[0] ?? []));
  });
});

describe("retention", () => {
  it("matches a simple computation over the raw events", { timeout: 240_000 }, async () => {
    const starts = [MORNING - 50_000 * MINUTE, MORNING, MORNING + 15 * MINUTE, MORNING + HOUR, MORNING + 4 * HOUR];
    const property = fc.asyncProperty(anyStep, anyStep, async (first, returning) => {
      const question: RetentionQuestion = {
        ...{
          applications: null,
          kind: "retention",
          from: starts[0] ?? 0,
          to: MORNING + 4 * HOUR - 1,
          per: "visitor",
          starts,
          columns: 9,
        },
        ...{ labels: starts.map(String), first: patternOf(first), returning: patternOf(returning) },
      };
      const state = await ask(question);
      const found = "cohorts" in state ? state.cohorts.map(({ size, returned }) => [size, ...returned]) : [];
      expect(found).toEqual(naiveRetention(rows, starts, first, returning));
    });
    await fc.assert(property, { numRuns: 10, seed: 3 });
  });
});

describe("slices", () => {
  it("each hold the sessions of their keys, and add up to the whole", async () => {
    for (const per of ["session", "visitor"] as const) {
      const question = funnel([{ name: "pageview" }, { name: "click" }], { per });
      const steps = 5;
      const parts = await Promise.all(
        Array.from({ length: steps }, (_, step) =>
          tallySlice(databases, question, sliceOfStep(step, steps), { maxRows: 1e6 }),
        ),
      );
      const counts = (state: SequenceState) =>
        (answerOf(question, state, 1) as FunnelAnswer).steps.map(({ count }) => count);
      for (const [step, { state }] of parts.entries()) {
        const { low, high } = sliceOfStep(step, steps);
        const own = rows.filter((row) => {
          const key = sampleKeyOf((per === "session" ? row.session : row.visitor) ?? "");
          return key >= low && key < high;
        });
        const naive = { steps: [{ name: "pageview" }, { name: "click" }], within: null, per };
        expect(counts(state)).toEqual(naiveFunnel(own, naive).counts);
      }
      const whole = await ask(question);
      const sum = withTally(question, (tally) => {
        for (const { state } of parts) tally.addAll(JSON.parse(JSON.stringify(state)));
        return tally.state;
      });
      expect(answerOf(question, sum, 1)).toEqual(answerOf(question, whole, 1));
    }
  });

  it("stop if they read too much", async () => {
    const given = tallySlice(databases, funnel([{}, {}]), WHOLE, { maxRows: 3 });
    await expect(given).rejects.toThrow(TooManyRows);
  });
});
