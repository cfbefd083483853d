import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import type { Database } from "../../../src/storage/core/databases";
import { MAX_SUMMARY_GROUPS } from "../../../src/storage/core/read-limits";
import { readerOf } from "../../../src/storage/core/reader";
import {
  type FailureQuestion,
  type Group,
  groupAggregates,
  groupsIn,
  sumUpInDatabase,
} from "../../../src/storage/errors/failure-groups";
import { migrate } from "../../migrate";
import { errorRow, MINUTE, MORNING, SECOND, store } from "../seed";
import { watch } from "../watched-database";

const database: Database = { index: 0, binding: env.DB };

beforeEach(async () => {
  await reset();
  await migrate();
});

const morning = MORNING / SECOND;

const question: FailureQuestion = {
  ...{ code: null, category: null, name: null, applications: null },
  ...{ seconds: 60, first: morning, last: morning + 20 * 60, step: 120, limit: 10 },
};

const anyError = fc.record({
  receivedAt: fc.integer({ min: 0, max: 25 }).map((minute) => MORNING + minute * MINUTE),
  application: fc.constantFrom("shop", "blog", null),
  name: fc.constantFrom("pageview", 'a "quoted" name', null),
  issues: fc.uniqueArray(
    fc.record({
      code: fc.constantFrom("data_invalid" as const, "name_invalid" as const),
      path: fc.constantFrom("", "/data/ä", "/data/\u0001"),
      message: fc.constant("m"),
    }),
    { minLength: 1 },
  ),
});

const anyFilter = fc.record({
  code: fc.constantFrom(null, "data_invalid" as const),
  application: fc.constantFrom(null, "shop"),
  name: fc.constantFrom(null, 'a "quoted" name'),
  step: fc.constantFrom(60, 120, 420),
});

const inOrder = (groups: Group[]) => groups.map((group) => JSON.stringify(group, Object.keys(group).sort())).sort();

describe("groups of failures", () => {
  it("are the same whether they are summed in the Worker or in the database", async () => {
    await store([database], { errors: fc.sample(anyError, { numRuns: 200, seed: 3 }).map((row) => errorRow(row)) });
    await fc.assert(
      fc.asyncProperty(anyFilter, async (filter) => {
        const asked = { ...question, ...filter };
        const here = await groupsIn(readerOf(database), asked);
        expect(here.length).toBeGreaterThan(0);
        expect(inOrder(here)).toEqual(inOrder(await sumUpInDatabase(readerOf(database), asked)));
      }),
      { numRuns: 20, seed: 3 },
    );
  });

  it("are summed in the database if their aggregate rows are too large to fetch", async () => {
    const wide = "\u0001".repeat(190);
    const errors = Array.from({ length: 1_400 }, (_, n) =>
      errorRow({
        receivedAt: MORNING + (n % 3) * MINUTE,
        // One application has fewer groups a day.
        application: n < 700 ? "shop" : "blog",
        issues: [{ code: "data_invalid", path: n < 100 ? "/data" : `/data/${n}${wide}`, message: "m" }],
      }),
    );
    await store([database], { errors });
    const { database: watched, queries } = watch(database);
    const groups = await groupsIn(readerOf(watched), question);
    expect(queries).toHaveLength(2);
    expect(groups).toHaveLength(MAX_SUMMARY_GROUPS);
    const steps = [
      { place: 0, events: 67 },
      { place: 1, events: 33 },
    ];
    expect(groups[0]).toMatchObject({
      path: "/data",
      events: 100,
      firstAt: MORNING,
      lastAt: MORNING + 2 * MINUTE,
      steps,
    });
  });

  it("are empty if there are no failures", async () => {
    expect(await groupsIn(readerOf(database), question)).toEqual([]);
  });

  it("do not depend on the order of their buckets", () => {
    const aggregates = (events: number, id: string) =>
      JSON.stringify([["shop", "c", "n", "/data", events, id, 7, events * 10]]);
    const buckets = [
      { code: "data_invalid", bucket: 240, aggregates: aggregates(3, "newest") },
      { code: "data_invalid", bucket: 0, aggregates: aggregates(1, "oldest") },
      { code: "data_invalid", bucket: 60, aggregates: aggregates(2, "between") },
    ];
    expect(groupAggregates(buckets, { first: 0, step: 120 })).toEqual([
      {
        ...{ application: "shop", category: "c", name: "n", code: "data_invalid", path: "/data", events: 6 },
        ...{ firstAt: 7, lastAt: 240_000_030, lastErrorId: "newest" },
        steps: [
          { place: 0, events: 3 },
          { place: 2, events: 3 },
        ],
      },
    ]);
  });
});
