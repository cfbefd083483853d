import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { databasesOf } from "../../src/storage/databases";
import { MAX_STATS_CELLS } from "../../src/storage/read-limits";
import type { EventRow } from "../../src/storage/rows";
import { countEvents, DIMENSIONS, INTERVAL_SECONDS, type StatsQuestion } from "../../src/storage/stats-queries";
import { eventRow, MINUTE, MORNING, store } from "./seed";

const databases = databasesOf(env);

const anyRow = fc.record({
  session: fc.integer({ min: 0, max: 30 }).map((n) => `s${n}`),
  category: fc.constantFrom("page interaction", "form interaction"),
  name: fc.constantFrom("pageview", "submit"),
  application: fc.constantFrom("shop", "blog"),
  occurredAt: fc.integer({ min: 0, max: 3 * 24 * 60 }).map((n) => MORNING + n * MINUTE),
});

const rows = fc.sample(anyRow, { numRuns: 300, seed: 11 }).map((row) => eventRow(row));

beforeAll(async () => {
  await store(databases, { events: rows });
});

const anyQuestion = fc.record({
  interval: fc.constantFrom("minute" as const, "hour" as const, "day" as const),
  groupBy: fc.subarray([...DIMENSIONS]),
  category: fc.option(fc.constantFrom("page interaction", "none such")),
  name: fc.option(fc.constantFrom("pageview", "submit")),
  application: fc.option(fc.constantFrom("shop", "blog")),
  days: fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 })),
});

/** Counts the events themselves. */
function expected(question: StatsQuestion): { total: number; cells: Map<string, number> } {
  const seconds = INTERVAL_SECONDS[question.interval];
  const cells = new Map<string, number>();
  const isAsked = (row: EventRow) =>
    (question.category ?? row.category) === row.category &&
    (question.name ?? row.name) === row.name &&
    (question.application ?? row.application) === row.application;
  for (const row of rows.filter(isAsked)) {
    const bucket = Math.floor(row.occurredAt / 1_000_000 / seconds) * seconds;
    if (bucket < question.first || bucket > question.last) continue;
    const key = JSON.stringify([bucket, ...question.groupBy.map((dimension) => row[dimension])]);
    cells.set(key, (cells.get(key) ?? 0) + 1);
  }
  return { total: [...cells.values()].reduce((sum, n) => sum + n, 0), cells };
}

describe("countEvents", () => {
  it("equals counting the events, whatever the interval, groups and filters, over all databases", async () => {
    await fc.assert(
      fc.asyncProperty(anyQuestion, async ({ days, ...filters }) => {
        const day = Math.floor(MORNING / 86_400_000_000) * 86_400;
        const first = day + Math.min(...days) * 86_400;
        const last = day + Math.max(...days) * 86_400;
        const question = { ...filters, first, last };
        const cells = (await countEvents(databases, question)) ?? [];
        const found = cells.map(({ bucket, group, events }): [string, number] => [
          JSON.stringify([bucket, ...question.groupBy.map((dimension) => group[dimension])]),
          events,
        ]);
        expect(new Map(found)).toEqual(expected(question).cells);
        expect(found.length).toBe(new Map(found).size);
        expect(cells.map(({ bucket }) => bucket)).toEqual(cells.map(({ bucket }) => bucket).toSorted((a, b) => a - b));
      }),
      { numRuns: 60, seed: 11 },
    );
  });

  it("gives no answer with more cells than it may hold", async () => {
    const many = Array.from({ length: MAX_STATS_CELLS + 1 }, (_, n) =>
      eventRow({
        session: `s${n % 50}`,
        application: "many",
        name: `name ${n % 20}`,
        occurredAt: MORNING + Math.floor(n / 20) * MINUTE,
      }),
    );
    await store(databases, { events: many });
    const minutes = { first: MORNING / 1_000_000, last: MORNING / 1_000_000 + 1_000 * 60 };
    const question = { category: null, name: null, application: "many", interval: "minute" as const, ...minutes };
    expect(await countEvents(databases, { ...question, groupBy: ["name"] })).toBeNull();
    expect(await countEvents(databases, { ...question, groupBy: [] })).toHaveLength(501);
  });
});
