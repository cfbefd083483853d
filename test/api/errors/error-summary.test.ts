import { env } from "cloudflare:workers";
import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import { ErrorSummaryResponse, summaryRange } from "../../../src/api/errors/error-summary";
import { Refusal } from "../../../src/http/problem";
import { databasesOf } from "../../../src/storage/core/databases";
import { MAX_SUMMARY_STEPS } from "../../../src/storage/core/read-limits";
import { errorRow, eventRow, MINUTE, MORNING, SECOND, store } from "../../storage/seed";
import { pathOf } from "../ask";
import { ask } from "../reading-app";

const databases = databasesOf(env);

beforeAll(async () => {
  const broken = [0, 1, 1, 70].map((minutes, n) =>
    errorRow({
      id: `broken-${n}`,
      session: `s${n}`,
      receivedAt: MORNING + minutes * MINUTE + 1_234 + n,
      issues: [{ code: "data_invalid", path: `/data/items/${n}/price`, message: "expected a number" }],
    }),
  );
  const malformed = errorRow({
    ...{ id: "malformed", session: null, application: null, category: null, name: null, eventId: null },
    issues: [{ code: "delivery_failed", path: "", message: "expected an envelope" }],
  });
  const events = Array.from({ length: 12 }, (_, n) => eventRow({ session: `s${n}` }));
  await store(databases, { errors: [...broken, malformed], events });
});

async function summary(query: string) {
  const response = await ask(`/theeye/errors/summary${query}`);
  expect(response.status).toBe(200);
  return v.parse(ErrorSummaryResponse, await response.json());
}

const morning = "start_date=2021-01-01T09:00:00Z&end_date=2021-01-01T10:59:59Z";

describe("GET /theeye/errors/summary", () => {
  it("groups failures with their number, their times, a sample, and the share of the type's traffic that fails", async () => {
    const { results, ...rest } = await summary(`?${morning}`);
    expect(rest).toEqual({
      start: "2021-01-01T09:00:00.000000Z",
      end: "2021-01-01T11:00:00.000000Z",
      step_seconds: 3_600,
      complete: true,
    });
    expect(results).toHaveLength(2);
    const [first, second] = results;
    expect(first).toMatchObject({
      ...{ application: "shop", category: "page interaction", name: "pageview" },
      ...{ code: "data_invalid", path: "/data/items/*/price", count: 4 },
      first_seen: "2021-01-01T09:00:00.001234Z",
      last_seen: "2021-01-01T10:10:00.001237Z",
      traffic: { failed: 4, stored: 12 },
      share: 0.25,
      sample: { id: "broken-3", url: "../../theeye/errors/broken-3" },
    });
    expect(first?.over_time).toEqual([3, 1]);
    expect(second).toMatchObject({ application: null, category: null, name: null, code: "delivery_failed", count: 1 });
  });

  it.each(["start_date=2021-01-01&end_date=2021-01-02", "start_date=2020-12-01&end_date=2021-02-01"])(
    "says the first and the last failure to the microsecond where it reads hours and days too: %s",
    async (range) => {
      const { results } = await summary(`?${range}&code=data_invalid`);
      expect(results).toMatchObject([
        { first_seen: "2021-01-01T09:00:00.001234Z", last_seen: "2021-01-01T10:10:00.001237Z" },
      ]);
    },
  );

  it("names a sample that can be shown", async () => {
    const { results } = await summary(`?${morning}`);
    for (const { sample } of results) {
      expect((await ask(pathOf(sample.url, "/theeye/errors/summary"))).status).toBe(200);
    }
  });

  it.each([
    ["application=shop", 1],
    ["code=delivery_failed", 1],
    ["name=nothing", 0],
    ["limit=1", 1],
  ])("narrows by %s", async (filter, groups) => {
    expect((await summary(`?${morning}&${filter}`)).results).toHaveLength(groups);
  });

  it("covers the last 24 hours by default", async () => {
    const { results, start, end } = await summary("");
    expect(results).toEqual([]);
    expect(Date.parse(end) - Date.parse(start)).toBe(25 * 3_600_000);
  });

  it.each([
    ["start_date=1990-01-01&end_date=2020-01-01", "start_date"],
    ["start_date=2021-01-02&end_date=2021-01-01", "start_date"],
    ["code=oops", "code"],
    ["limit=0", "limit"],
    ["cursor=x", "cursor"],
  ])("refuses %s and names the parameter", async (query, parameter) => {
    const response = await ask(`/theeye/errors/summary?${query}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "invalid_parameter", parameter });
  });
});

describe("summaryRange", () => {
  it.each([
    [60, 60],
    [7_200, 60],
    [7_201, 3_600],
    [4 * 86_400, 3_600],
    [4 * 86_400 + 1, 86_400],
    [1_400 * 86_400, 86_400],
  ])("reads %i seconds in buckets of %i, and returns them in at most 48 numbers", (span, seconds) => {
    const range = summaryRange(MORNING, MORNING + span * SECOND, MORNING + span * SECOND);
    if (range instanceof Refusal) throw new Error(range.detail);
    expect(range.seconds).toBe(seconds);
    expect(range.first * SECOND).toBeLessThanOrEqual(MORNING);
    expect((range.last + seconds) * SECOND).toBeGreaterThan(MORNING + span * SECOND);
    expect((range.last + seconds - range.first) / range.step).toBeLessThanOrEqual(MAX_SUMMARY_STEPS);
    expect(range.step % seconds).toBe(0);
  });

  it("reads a short range by the hour once its minutes may be deleted", () => {
    const secondsAfter = (days: number) => {
      const range = summaryRange(MORNING, MORNING + 20 * MINUTE, MORNING + days * 86_400 * SECOND);
      return range instanceof Refusal ? null : range.seconds;
    };
    expect([secondsAfter(1.9), secondsAfter(2)]).toEqual([60, 3_600]);
  });
});
