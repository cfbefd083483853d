import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { databasesOf } from "../../../src/storage/core/databases";
import type { FailureQuestion } from "../../../src/storage/errors/failure-groups";
import { sumUpFailures } from "../../../src/storage/errors/failure-queries";
import { forgetPartitions } from "../../../src/storage/partitions/known-partitions";
import { MAX_FAILURE_GROUPS_PER_DAY } from "../../../src/storage/write/failure-counts";
import { MAX_NEW_SERIES_PER_DAY } from "../../../src/storage/write/write-series";
import { migrate } from "../../migrate";
import { errorRow, eventRow, MINUTE, MORNING, SECOND, store } from "../seed";
import { planOf, rowsReadBy, watch } from "../watched-database";

const databases = databasesOf(env);

beforeEach(async () => {
  await reset();
  for (const database of databases) forgetPartitions(database);
  await migrate();
});

const morning = MORNING / SECOND;

const question: FailureQuestion = {
  ...{ code: null, category: null, name: null, applications: null },
  seconds: 60,
  first: morning,
  last: morning + 59 * 60,
  step: 120,
  limit: 10,
};

const issue = (code: "data_invalid" | "name_invalid", path: string) => ({ code, path, message: "m" });

describe("sumUpFailures", () => {
  it("adds the failures of several databases, most frequent first, with the traffic of each type", async () => {
    const errors = Array.from({ length: 30 }, (_, n) =>
      errorRow({
        session: `session ${n}`,
        id: `error-${String(n).padStart(2, "0")}`,
        receivedAt: MORNING + (n % 3) * MINUTE,
      }),
    );
    const both = [issue("data_invalid", "/data"), issue("name_invalid", "/name"), issue("name_invalid", "/name")];
    const two = [0, 1].map((n) => errorRow({ session: `other ${n}`, application: "blog", name: null, issues: both }));
    const events = Array.from({ length: 10 }, (_, n) => eventRow({ session: `session ${n}` }));
    await store(databases, { errors: [...errors, ...two], events });
    const { groups, complete } = await sumUpFailures(databases, question);
    expect(complete).toBe(true);
    expect(groups).toMatchObject([
      {
        ...{ application: "shop", category: "page interaction", name: "pageview", code: "data_invalid", path: "/data" },
        ...{ events: 30, failed: 30, stored: 10 },
        ...{ firstAt: MORNING, lastAt: MORNING + 2 * MINUTE },
        steps: [
          { place: 0, events: 20 },
          { place: 1, events: 10 },
        ],
      },
      { application: "blog", name: "", code: "data_invalid", events: 2, failed: 2, stored: 0 },
      { application: "blog", name: "", code: "name_invalid", path: "/name", events: 2, failed: 2, stored: 0 },
    ]);
    expect(Number(groups[0]?.lastErrorId.slice(-2)) % 3).toBe(2);
  });

  it.each<[Partial<FailureQuestion>, number]>([
    [{}, 4],
    [{ code: "name_invalid" }, 1],
    [{ applications: ["blog"] }, 1],
    [{ category: "b" }, 1],
    [{ name: "n" }, 1],
    [{ first: morning + 60 }, 1],
    [{ last: morning - 60 }, 0],
  ])("filters by %o", async (filter, expected) => {
    await store(databases, {
      errors: [
        errorRow({ application: "blog", receivedAt: MORNING + MINUTE }),
        errorRow({ category: "b" }),
        errorRow({ name: "n" }),
        errorRow({ issues: [issue("name_invalid", "/name")] }),
      ],
    });
    expect((await sumUpFailures(databases, { ...question, ...filter })).groups).toHaveLength(expected);
  });

  it("reports that there are more groups than it returns", async () => {
    const errors = Array.from({ length: 5 }, (_, n) => errorRow({ name: `n${n}` }));
    await store(databases, { errors });
    expect(await sumUpFailures(databases, { ...question, limit: 5 })).toMatchObject({ complete: true });
    expect(await sumUpFailures(databases, { ...question, limit: 4 })).toMatchObject({ complete: false });
  });

  it("sums failures beyond the limit of groups without type, path and stored events", async () => {
    const errors = Array.from({ length: MAX_FAILURE_GROUPS_PER_DAY }, (_, n) => errorRow({ name: `n${n}` }));
    const events = Array.from({ length: MAX_NEW_SERIES_PER_DAY + 1 }, (_, n) => eventRow({ name: `n${n}` }));
    await store(databases, { errors, events });
    const { groups } = await sumUpFailures(databases, question);
    expect(groups[0]).toMatchObject({
      application: "shop",
      category: "",
      name: "",
      code: "data_invalid",
      path: "",
      stored: 0,
    });
    expect(groups[0]?.events).toBe(groups[0]?.failed);
    expect(groups[0]?.events).toBeGreaterThan(MAX_FAILURE_GROUPS_PER_DAY / 2 - 1);
  });

  it("reads only the aggregate rows in the range and no error, however many are outside", async () => {
    const [home] = databases;
    if (home === undefined) throw new Error("There is no database.");
    const inRange = Array.from({ length: 20 }, (_, n) =>
      errorRow({ name: `n${n % 5}`, receivedAt: MORNING + n * MINUTE }),
    );
    const outside = Array.from({ length: 600 }, (_, n) => errorRow({ receivedAt: MORNING + (n + 60) * MINUTE }));
    const costOf = async () => {
      const { database, queries } = watch(home);
      await sumUpFailures([database], question);
      const plans = await Promise.all(queries.map((query) => planOf(home, query)));
      expect(plans.flat().filter((step) => /^SCAN (failures|errors|events|counts)/.test(step))).toEqual([]);
      expect(plans[0]?.filter((step) => /TEMP B-TREE/.test(step))).toEqual([]);
      const costs = await Promise.all(queries.map((query) => rowsReadBy(home, query)));
      return costs.reduce((sum, cost) => sum + cost, 0);
    };
    await store([home], { errors: inRange });
    const cost = await costOf();
    // Each aggregate row by its code and again as a failed event; the other rows are sums, and the lists in the
    // queries.
    expect(cost).toBeLessThanOrEqual(8 * 20);
    await store([home], { errors: outside });
    expect(await costOf()).toBeLessThanOrEqual(cost + 5);
  });
});
