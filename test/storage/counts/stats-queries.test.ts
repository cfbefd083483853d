import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { databasesOf } from "../../../src/storage/core/databases";
import { MAX_STATS_CELLS } from "../../../src/storage/core/read-limits";
import {
  countEvents,
  DIMENSIONS,
  INTERVAL_SECONDS,
  type StatsQuestion,
} from "../../../src/storage/counts/stats-queries";
import type { EventRow } from "../../../src/storage/write/rows";
import { MAX_NEW_SERIES_PER_DAY } from "../../../src/storage/write/write-series";
import { eventRow, HOUR, MINUTE, MORNING, store } from "../seed";
import { watch } from "../watched-database";

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
  // Partitions of six hours: more than one statement's worth of them.
  await store(databases, { events: rows }, 6 * HOUR);
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
        const { cells, folded } = await countEvents(databases, question);
        expect(folded).toBe(false);
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

  const start = MORNING / 1_000_000;

  it("keeps the largest groups of too many by themselves, and adds the others up", async () => {
    const buckets = MAX_STATS_CELLS / 20 + 1;
    const many = Array.from({ length: buckets * 20 }, (_, n) =>
      eventRow({
        session: `s${n % 50}`,
        application: "many",
        name: `name ${n % 20}`,
        occurredAt: MORNING + Math.floor(n / 20) * MINUTE,
      }),
    );
    const more = Array.from({ length: 3 }, (_, n) =>
      eventRow({ application: "many", name: "name 7", occurredAt: MORNING + n * MINUTE }),
    );
    await store(databases, { events: [...many, ...more] }, 6 * HOUR);
    const minutes = { first: start, last: start + (buckets - 1) * 60 };
    const question = { category: null, name: null, application: "many", interval: "minute" as const, ...minutes };
    const { cells, folded } = await countEvents(databases, { ...question, groupBy: ["name"] });
    expect(folded).toBe(true);
    expect(cells.length).toBeLessThanOrEqual(MAX_STATS_CELLS);
    expect(cells.length).toBeGreaterThan(MAX_STATS_CELLS - 2 * buckets);
    expect(cells.reduce((sum, { events }) => sum + events, 0)).toBe(buckets * 20 + 3);
    const first = cells.filter(({ bucket }) => bucket === start);
    expect(first.find(({ group }) => group.name === "name 7")?.events).toBe(2);
    expect(first.find(({ group }) => group.name === "(other)")?.events).toBe(20 - (first.length - 1));
    const all = await countEvents(databases, { ...question, groupBy: [] });
    expect(all).toMatchObject({ folded: false, cells: { length: buckets } });
  });

  it("shows types that are not counted by themselves as others", async () => {
    const [home] = databases;
    if (home === undefined) throw new Error("There is no database.");
    const occurredAt = MORNING + 5 * 24 * HOUR;
    const junk = Array.from({ length: MAX_NEW_SERIES_PER_DAY + 5 }, (_, n) =>
      eventRow({ session: "junk", application: "junk", name: `junk ${n}`, occurredAt }),
    );
    await store(databases, { events: junk }, 6 * HOUR);
    const bucket = occurredAt / 1_000_000;
    const question = { category: null, name: null, application: "junk", interval: "hour" as const };
    const { cells } = await countEvents(databases, {
      ...{ ...question, first: bucket, last: bucket },
      groupBy: ["application", "category", "name"],
    });
    expect(cells).toHaveLength(MAX_NEW_SERIES_PER_DAY + 1);
    expect(cells.find(({ group }) => group.category === "(other)")).toEqual({
      ...{ bucket, group: { application: "junk", category: "(other)", name: "(other)" }, events: 5 },
    });
  });

  it("looks up only series that have events in the range, and none for totals", async () => {
    const day = Math.floor(MORNING / 86_400_000_000) * 86_400;
    const question = { category: null, name: null, application: null, interval: "day" as const };
    const range = { first: day + 20 * 86_400, last: day + 20 * 86_400 };
    await store(databases, { events: [eventRow({ name: "rare", occurredAt: range.first * 1_000_000 })] }, 6 * HOUR);
    for (const database of databases) {
      const { database: watched, queries } = watch(database);
      const { cells } = await countEvents([watched], { ...question, ...range, groupBy: ["name"] });
      const asked = queries.filter(({ sql }) => /"series"/.test(sql));
      for (const { params } of asked) expect(JSON.parse(String(params[0])).length).toBeLessThanOrEqual(1);
      expect(cells.length).toBeLessThanOrEqual(1);
      const totals = watch(database);
      await countEvents([totals.database], { ...question, ...range, groupBy: [] });
      expect(totals.queries.filter(({ sql }) => /series\b/.test(sql.replaceAll("by_series", "")))).toEqual([]);
    }
  });
});
