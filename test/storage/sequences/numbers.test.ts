import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { parseValueFilter } from "../../../src/model/event/property-value";
import { parseMetric } from "../../../src/model/questions/metric";
import type { NumbersAnswer } from "../../../src/model/questions/numbers/numbers-answer";
import type { NumbersLine } from "../../../src/model/questions/numbers/numbers-line";
import type { NumbersQuestion } from "../../../src/model/questions/question";
import { answerOf, withTally } from "../../../src/model/questions/sequences/sequence-tally";
import { databasesOf } from "../../../src/storage/core/databases";
import { sliceOfStep, tallySlice } from "../../../src/storage/sequences/ask-sequences";
import { WHOLE } from "../../../src/storage/sequences/slice-statement";
import type { EventRow } from "../../../src/storage/write/rows";
import { labelOf, naiveStats, textAt } from "../../api/questions/stats/naive-stats";
import { eventRow, HOUR, MINUTE, MORNING, store } from "../seed";

/** Numbers of more events than an answer reads at once, as samples and jobs work them out: here of few. */

const databases = databasesOf(env);

const anyRow = fc.record({
  session: fc.nat({ max: 60 }).map((n) => `s${n}`),
  visitor: fc.option(fc.nat({ max: 20 }).map((n) => `v${n}`)),
  application: fc.constantFrom("shop", "blog"),
  name: fc.constantFrom("pageview", "order"),
  data: fc.constantFrom('{"path":"/","price":5}', '{"path":"/p/1","price":7.5}', '{"path":"/p/2","price":"7"}', "{}"),
  occurredAt: fc
    .tuple(fc.nat({ max: 5 }), fc.nat({ max: 59 }))
    .map(([hour, minute]) => MORNING + hour * HOUR + minute * MINUTE),
});

const rows: EventRow[] = fc.sample(anyRow, { numRuns: 300, seed: 4 }).map((row) => eventRow(row));

beforeAll(async () => {
  await store(databases, { events: rows }, 2 * HOUR);
});

const path = { name: "path", path: ["path"] };
const metrics = ["events", "sessions", "visitors", "sum:price", "avg:price", "p50:price", "p90:price"];

function questionOf(metric: string, more: Partial<NumbersQuestion>): NumbersQuestion {
  const parsed = parseMetric(metric);
  if (parsed === null) throw new Error(`${metric} is no metric`);
  return {
    ...{ kind: "stats", from: MORNING, to: MORNING + 6 * HOUR - 1, applications: null, category: null, name: null },
    ...{ per: metric === "visitors" ? "visitor" : "session", metric: parsed, groupBy: [], properties: [] },
    bounds: Array.from({ length: 7 }, (_, hour) => MORNING + hour * HOUR),
    ...{ interval: "hour", timezone: "UTC", top: 1_000, comparedBounds: null, templates: [] },
    ...more,
  };
}

/** As the steps of a job add it up. */
async function answered(question: NumbersQuestion, steps: number): Promise<NumbersAnswer> {
  const slices = Array.from({ length: steps }, (_, step) => (steps === 1 ? WHOLE : sliceOfStep(step, steps)));
  const parts = await Promise.all(
    slices.map((slice) => tallySlice(databases, question, slice, { maxRows: 1_000_000 })),
  );
  const state = withTally(question, (tally) => {
    for (const part of parts) tally.addAll(JSON.parse(JSON.stringify(part.state)));
    return tally.state;
  });
  return answerOf(question, state, 1) as NumbersAnswer;
}

describe("numbers of a slice, and of all steps of a job", () => {
  it("are those of a naive computation over the events", { timeout: 240_000 }, async () => {
    const property = fc.asyncProperty(
      fc.constantFrom(...metrics),
      fc.constantFrom<NumbersQuestion["groupBy"]>(
        [],
        [{ kind: "property", property: path }],
        [{ kind: "application" }, { kind: "name" }],
      ),
      fc.constantFrom<string[] | null>(null, ["shop"]),
      fc.constantFrom(null, "order"),
      fc.constantFrom([], ["/p/*"], ["not:/"]),
      fc.constantFrom(1, 3),
      async (metric, groupBy, applications, name, values, steps) => {
        const properties = values.length === 0 ? [] : [{ property: path, ...parseValueFilter(values) }];
        const question = questionOf(metric, { groupBy, applications, name, properties });
        const answer = await answered(question, steps);
        const keep = (row: EventRow) => {
          const text = textAt(row, "path");
          return (
            (applications?.includes(row.application) ?? true) &&
            (name ?? row.name) === row.name &&
            (values[0] === undefined || (values[0] === "/p/*" ? text?.startsWith("/p/") === true : text !== "/"))
          );
        };
        const labels = groupBy.map((one) => (one.kind === "property" ? "data.path" : one.kind));
        const asked = { start: MORNING, end: MORNING + 6 * HOUR, timezone: "UTC", interval: "hour" as const };
        const naive = naiveStats(rows, { ...asked, metric, groupBy: labels, keep });
        const compare = (line: NumbersLine | undefined, own: (typeof naive)["all"]) => {
          expect(line?.total ?? null).toEqual(own.total === null ? null : expect.closeTo(own.total, 6));
          for (const [hour, value] of (line?.values ?? []).entries()) {
            const expected = own.byLabel.get(labelOf("UTC", MORNING + hour * HOUR, "hour"));
            expect(value ?? 0).toBeCloseTo(expected ?? 0, 6);
          }
        };
        compare(answer.total, naive.all);
        if (labels.length === 0) return;
        expect(answer.results).toHaveLength(naive.groups.length);
        for (const { key, ...own } of naive.groups) {
          const found = answer.results.find((line) => key === JSON.stringify(membersOf(line, labels)));
          compare(found, own);
        }
        expect(answer.accuracy).toEqual({ exact: true });
      },
    );
    await fc.assert(property, { numRuns: 40, seed: 6 });
  });

  it("are compared with those of another period, also if both overlap", { timeout: 120_000 }, async () => {
    const property = fc.asyncProperty(
      fc.constantFrom(...metrics),
      fc.boolean(),
      fc.integer({ min: -6, max: 6 }),
      fc.constantFrom(1, 3),
      async (metric, isGrouped, shift, steps) => {
        const bounds = Array.from({ length: 5 }, (_, hour) => MORNING + (1 + hour) * HOUR);
        const comparedBounds = bounds.map((moment) => moment + shift * HOUR);
        const [from, to] = [MORNING + HOUR, MORNING + 5 * HOUR - 1];
        const groupBy = isGrouped ? [{ kind: "property" as const, property: path }] : [];
        const question = questionOf(metric, { from, to, bounds, comparedBounds, groupBy, top: 2 });
        const answer = await answered(question, steps);
        const labels = isGrouped ? ["data.path"] : [];
        const naive = (start: number) => {
          const asked = { start, end: start + 4 * HOUR, timezone: "UTC", interval: "hour" as const };
          const found = naiveStats(rows, { ...asked, metric, groupBy: labels, keep: () => true });
          const compare = (line: NumbersLine | undefined, own: (typeof found)["all"] | undefined) => {
            expect(line?.total ?? 0).toBeCloseTo(own?.total ?? 0, 6);
            for (let hour = 0; hour < 4; hour++) {
              const truth = own?.byLabel.get(labelOf("UTC", start + hour * HOUR, "hour"));
              expect(line?.values?.[hour] ?? 0).toBeCloseTo(truth ?? 0, 6);
            }
          };
          return { ...found, compare };
        };
        const [now, before] = [naive(from), naive(from + shift * HOUR)];
        now.compare(answer.total, now.all);
        before.compare(answer.total.comparison, before.all);
        expect(answer.comparison?.buckets).toHaveLength(4);
        expect(answer.accuracy).toEqual({ exact: true });
        if (!isGrouped) return;
        expect(answer.results).toHaveLength(2);
        for (const line of answer.results) {
          const ofGroup = ({ key }: { key: string }) => key === JSON.stringify(membersOf(line, labels));
          now.compare(line, now.groups.find(ofGroup));
          before.compare(line.comparison, before.groups.find(ofGroup));
        }
      },
    );
    await fc.assert(property, { numRuns: 30, seed: 7 });
  });

  it("see the templates of declared properties", async () => {
    const templates = [{ category: "page interaction", name: "order", path: "path", template: "/p/:id" }];
    const question = questionOf("events", {
      groupBy: [{ kind: "property", property: path }],
      name: "order",
      templates,
    });
    const { results } = await answered(question, 1);
    const own = rows.filter((row) => row.name === "order" && textAt(row, "path")?.startsWith("/p/"));
    expect(results).toContainEqual(expect.objectContaining({ "data.path": "/p/:id", total: own.length }));
  });
});

function membersOf(line: object, labels: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(labels.map((label) => [label, Object.entries(line).find(([key]) => key === label)?.[1]]));
}
