import { env } from "cloudflare:workers";
import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import { bucketRange, StatsResponse } from "../../../src/api/questions/stats";
import { databasesOf } from "../../../src/storage/core/databases";
import { expectRefusal } from "../../http/expect-refusal";
import { eventRow, MINUTE, MORNING, SECOND, store } from "../../storage/seed";
import { ask } from "../reading-app";

const databases = databasesOf(env);

/** 90 events, one a minute from 9 o'clock; two of three from the shop. */
const rows = Array.from({ length: 90 }, (_, n) =>
  eventRow({ session: `s${n % 8}`, occurredAt: MORNING + n * MINUTE, application: n % 3 === 0 ? "blog" : "shop" }),
);

beforeAll(async () => {
  await store(databases, { events: rows });
});

async function stats(query: string) {
  const response = await ask(`/theeye/stats${query}`);
  expect(response.status).toBe(200);
  return v.parse(StatsResponse, await response.json());
}

describe("GET /theeye/stats", () => {
  it("counts by hour over whole buckets", async () => {
    expect(await stats("?start_date=2021-01-01T09:30Z&end_date=2021-01-01T10:10Z")).toEqual({
      interval: "hour",
      start: "2021-01-01T09:00:00.000000Z",
      end: "2021-01-01T11:00:00.000000Z",
      results: [
        { start: "2021-01-01T09:00:00.000000Z", events: 60 },
        { start: "2021-01-01T10:00:00.000000Z", events: 30 },
      ],
      total: 90,
    });
  });

  it("divides by groups, over all databases", async () => {
    const { results } = await stats(
      "?interval=day&group_by=name,application&start_date=2021-01-01&end_date=2021-01-01",
    );
    expect(results).toEqual([
      { start: "2021-01-01T00:00:00.000000Z", application: "blog", name: "pageview", events: 30 },
      { start: "2021-01-01T00:00:00.000000Z", application: "shop", name: "pageview", events: 60 },
    ]);
  });

  it("filters, and leaves out empty buckets", async () => {
    const { results, total } = await stats(
      "?interval=minute&application=blog&start_date=2021-01-01T09:00Z&end_date=2021-01-01T09:05Z",
    );
    expect(results.map(({ start }) => start.slice(11, 16))).toEqual(["09:00", "09:03"]);
    expect(total).toBe(2);
  });

  it("adds the smallest groups up where there are too many, and says so", async () => {
    const many = Array.from({ length: 15 * 700 }, (_, n) =>
      eventRow({ application: "many", name: `name ${n % 15}`, occurredAt: MORNING + Math.floor(n / 15) * MINUTE }),
    );
    await store(databases, { events: many });
    const query = "?interval=minute&application=many&start_date=2021-01-01T09:00Z&end_date=2021-01-01T20:39Z";
    const { folded, results, total } = await stats(`${query}&group_by=category,name`);
    expect(folded).toBe(true);
    expect(total).toBe(15 * 700);
    expect(results.find(({ name }) => name === "(other)")).toMatchObject({ category: "(other)" });
    expect(await stats(query)).not.toHaveProperty("folded");
  });

  it("looks at the last two days unless it is told otherwise", async () => {
    const { start, end, total } = await stats("");
    expect(Date.parse(end) - Date.parse(start)).toBe(48 * 3_600_000);
    expect(Math.abs(Date.parse(end) - Date.now())).toBeLessThan(3_700_000);
    expect(total).toBe(0);
  });

  it.each([
    ["?group_by=colour", "group_by"],
    ["?group_by=name,name", "group_by"],
    ["?interval=week", "interval"],
    ["?interval=minute&start_date=2021-01-01&end_date=2021-01-05", "start_date"],
    ["?limit=5", "limit"],
  ])("refuses %s", async (query, parameter) => {
    const response = await ask(`/theeye/stats${query}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "invalid_parameter", parameter });
  });
});

describe("bucketRange", () => {
  const day = 86_400 * SECOND;

  it.each([
    ["minute" as const, 60, 60],
    ["hour" as const, 3_600, 48],
    ["day" as const, 86_400, 30],
  ])("goes back by default from now, by %s", (interval, seconds, buckets) => {
    const range = bucketRange(interval, undefined, undefined, MORNING + 7);
    const last = Math.floor(MORNING / SECOND / seconds) * seconds;
    expect(range).toEqual({ first: last - (buckets - 1) * seconds, last });
  });

  it("never begins before 1970", () => {
    expect(bucketRange("day", undefined, day, MORNING)).toEqual({ first: 0, last: 86_400 });
  });

  it.each([
    ["minute" as const, 2, "interval=hour"],
    ["hour" as const, 100, "interval=day"],
    ["day" as const, 2_000, "shorter range"],
  ])("says which interval to take for a range that is too long by %s", (interval, days, advice) => {
    const refusal = expectRefusal(bucketRange(interval, MORNING, MORNING + days * day, MORNING), "invalid_parameter");
    expect(refusal.detail).toContain(advice);
  });
});
