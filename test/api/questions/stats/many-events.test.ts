import { env } from "cloudflare:workers";
import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import { StatsResponse } from "../../../../src/api/questions/stats/stats-body";
import { FunnelResponse } from "../../../../src/api/sequences/funnels";
import { PathsResponse } from "../../../../src/api/sequences/paths";
import { databasesOf } from "../../../../src/storage/core/databases";
import { rollUpSessions } from "../../../../src/storage/session-counts/roll-up-sessions";
import { seedLocalKeys } from "../../../http/auth/seed";
import { eventRow, HOUR, store } from "../../../storage/seed";
import { ask } from "../../ask";
import { expectAround, get, nearestRank, post, runJob, sum } from "./asking-many";
import { DAY, type MadeSession, madeSessions, makeManyEvents } from "./many-events";
import { type StatementCost, watched } from "./watched-database";
import { WholeSessionStats } from "./whole-session-stats";

/** Questions about more events than are read at once: 420,000 in a day, over the routes, with jobs run to their end. */

let sessions: MadeSession[];

beforeAll(async () => {
  await seedLocalKeys();
  await makeManyEvents();
  sessions = madeSessions();
}, 300_000);

const secondsOf = ({ events }: MadeSession) =>
  ((events.at(-1)?.occurredAt ?? 0) - (events[0]?.occurredAt ?? 0)) / 1_000_000;

function summary(own: readonly MadeSession[]) {
  const seconds = own.map(secondsOf);
  return {
    sessions: own.length,
    visitors: new Set(own.map(({ visitor }) => visitor)).size,
    bounces: own.filter(({ events }) => events.length === 1).length,
    events: sum(own.map(({ events }) => events.length)),
    mean: sum(seconds) / own.length,
    p50: nearestRank(seconds, 0.5),
    p90: nearestRank(seconds, 0.9),
  };
}

const entryOf = ({ events }: MadeSession) => events[0]?.path ?? "";
const hourOf = ({ events }: MadeSession) => Math.floor(((events[0]?.occurredAt ?? 0) - DAY) / HOUR);

describe("GET /theeye/sessions/stats", { timeout: 120_000 }, () => {
  const asked = { group_by: "entry", by: "data.path", interval: "hour", top: "3" };

  it("answers from a sample of the sessions, with intervals that hold the right numbers", async () => {
    const found = v.parse(WholeSessionStats, await (await get("/theeye/sessions/stats", asked)).json());
    expect(found.accuracy).toEqual({ exact: false, sampled: 0.5, percentiles_relative_error: 0.01 });
    const groups = Map.groupBy(sessions, entryOf);
    for (const line of [found.total, ...found.results]) {
      const own = "entry" in line ? (groups.get(String(line.entry)) ?? []) : sessions;
      const truth = summary(own);
      expectAround(line.sessions.interval_95, truth.sessions);
      expectAround(line.bounces.interval_95, truth.bounces);
      expectAround(line.events.interval_95, truth.events);
      expectAround(line.events_per_session_interval_95, truth.events / truth.sessions);
      expectAround(line.duration_seconds.mean_interval_95, truth.mean);
      expectAround(line.duration_seconds.p50_interval_95, truth.p50);
      expectAround(line.duration_seconds.p90_interval_95, truth.p90);
      expect(line.visitors.total).toBeNull();
      expect(line.sessions.values).toHaveLength(24);
    }
    const hours = Map.groupBy(sessions, hourOf);
    const held = (found.total.sessions.values_interval_95 ?? []).filter((interval, hour) => {
      const [low = 0, high = 0] = interval ?? [];
      const truth = hours.get(hour)?.length ?? 0;
      return low <= truth && truth <= high;
    });
    expect(held.length).toBeGreaterThanOrEqual(21);
    expect(found.rows_read).toBeLessThan(300_000);
  });

  it("answers exactly as a job, whose result is kept", async () => {
    const result = await runJob((bindings) => get("/theeye/sessions/stats", { ...asked, accuracy: "exact" }, bindings));
    const found = v.parse(WholeSessionStats, result);
    const groups = [...Map.groupBy(sessions, entryOf)].sort(
      ([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1),
    );
    expect(found.results.map(({ entry }) => entry)).toEqual(groups.slice(0, 3).map(([entry]) => entry));
    const compare = (line: (typeof found)["total"] | undefined, own: readonly MadeSession[]) => {
      const truth = summary(own);
      const hours = Map.groupBy(own, hourOf);
      const values = (measure: (some: readonly MadeSession[]) => number) =>
        Array.from({ length: 24 }, (_, hour) => measure(hours.get(hour) ?? []));
      expect(line?.sessions).toEqual({ total: truth.sessions, values: values((some) => some.length) });
      expect(line?.bounces).toEqual({ total: truth.bounces, values: values((some) => summary(some).bounces) });
      expect(line?.events).toEqual({ total: truth.events, values: values((some) => summary(some).events) });
      expect(line?.duration_seconds.mean).toBeCloseTo(truth.mean, 5);
      expect(Math.abs((line?.duration_seconds.p50 ?? 0) / truth.p50 - 1)).toBeLessThan(0.011);
      expect(Math.abs((line?.duration_seconds.p90 ?? 0) / truth.p90 - 1)).toBeLessThan(0.011);
      // More visitors, hours and groups than a job keeps: their number has an interval.
      expectAround(line?.visitors.interval_95, truth.visitors);
    };
    compare(found.total, sessions);
    for (const [place, [, own]] of groups.slice(0, 3).entries()) compare(found.results[place], own);
    compare(
      found.other,
      groups.slice(3).flatMap(([, own]) => own),
    );
    expect(found.accuracy).toMatchObject({ exact: false, percentiles_relative_error: 0.01 });
  });

  it("counts visitors exactly where they are few enough for a job", async () => {
    const query = { interval: "none", accuracy: "exact" };
    const found = v.parse(
      WholeSessionStats,
      await runJob((bindings) => get("/theeye/sessions/stats", query, bindings)),
    );
    expect(found.accuracy).toEqual({ exact: true, percentiles_relative_error: 0.01 });
    expect(found.total.visitors).toEqual({ total: 9_001 });
    expect(found.total.sessions).toEqual({ total: sessions.length });
  });
});

describe("POST /theeye/funnels", { timeout: 120_000 }, () => {
  const asked = { steps: [{ data: { path: "/" } }, { data: { path: "/blog/*" } }, { data: { path: "/buy" } }] };

  /** Sessions that complete each step: the earliest event of each step after that of the one before. */
  function counts(): number[] {
    const steps = [
      (path: string) => path === "/",
      (path: string) => path.startsWith("/blog/"),
      (path: string) => path === "/buy",
    ];
    const reached = sessions.map(({ events }) => {
      let step = 0;
      for (const { path } of events) if (steps[step]?.(path) === true) step += 1;
      return step;
    });
    return steps.map((_, step) => reached.filter((own) => own > step).length);
  }

  it("answers from a sample of the sessions, with intervals that hold the right numbers", async () => {
    const found = v.parse(FunnelResponse, await (await post("/theeye/funnels", asked)).json());
    expect(found.accuracy).toEqual({ exact: false, sampled: 0.5 });
    for (const [step, truth] of counts().entries()) expectAround(found.steps[step]?.interval_95, truth);
  });

  it("answers exactly as a job", async () => {
    const result = await runJob((bindings) => post("/theeye/funnels", { ...asked, accuracy: "exact" }, bindings));
    const found = v.parse(FunnelResponse, result);
    expect(found.accuracy).toEqual({ exact: true });
    expect(found.steps.map(({ count }) => count)).toEqual(counts());
  });
});

describe("POST /theeye/paths", { timeout: 120_000 }, () => {
  const asked = { start: { data: { path: "/" } }, by: "data.path", depth: 1, top: 10 };

  function counts(): Map<string, number> {
    const next = sessions.flatMap(({ events }) => {
      const start = events.findIndex(({ path }) => path === "/");
      return start === -1 ? [] : [events[start + 1]?.path ?? "(end)"];
    });
    return new Map([...Map.groupBy(next, (key) => key)].map(([key, own]) => [key, own.length]));
  }

  it("answers from a sample of the sessions, with intervals that hold the right numbers", async () => {
    const found = v.parse(PathsResponse, await (await post("/theeye/paths", asked)).json());
    expect(found.accuracy).toEqual({ exact: false, sampled: 0.5 });
    const truth = counts();
    expect(found.levels[1]).toHaveLength(truth.size);
    for (const { key, interval_95: interval } of found.levels[1] ?? []) expectAround(interval, truth.get(key) ?? 0);
  });

  it("answers exactly as a job", async () => {
    const result = await runJob((bindings) => post("/theeye/paths", { ...asked, accuracy: "exact" }, bindings));
    const found = v.parse(PathsResponse, result);
    expect(found.accuracy).toEqual({ exact: true });
    expect(new Map(found.levels[1]?.map(({ key, count }) => [key, count]))).toEqual(counts());
  });
});

describe("GET /theeye/sessions/stats of counted sessions", { timeout: 240_000 }, () => {
  it("answers at once without reading events, with estimates near the right numbers", async () => {
    while ((await rollUpSessions(databasesOf(env), DAY + 26 * HOUR)).windows > 0);
    const answered = await get("/theeye/sessions/stats", { interval: "hour" });
    const { total, accuracy, rows_read: rowsRead } = v.parse(WholeSessionStats, await answered.json());
    expect(accuracy).toMatchObject({ exact: false, percentiles_relative_error: 0.01, visitors_sampled: 0.125 });
    expect(rowsRead).toBeLessThan(1_000);
    // The made events have no rows of activity, so an hour does not know the sessions of the hour before.
    const parts = sessions.flatMap(({ visitor, events }) =>
      [...Map.groupBy(events, ({ occurredAt }) => Math.floor(occurredAt / HOUR)).values()].map((own) => ({
        ...{ visitor, events: own },
      })),
    );
    for (const [hour, own] of Map.groupBy(parts, hourOf)) {
      const truth = summary(own);
      expect(total.sessions.values?.[hour]).toBe(truth.sessions);
      expectAround(total.visitors.values_interval_95?.[hour], truth.visitors);
      const { mean, p50, p90 } = total.duration_seconds.values?.[hour] ?? {};
      expect(mean).toBeCloseTo(truth.mean, 5);
      expect(Math.abs((p50 ?? 0) / truth.p50 - 1)).toBeLessThanOrEqual(0.01);
      expect(Math.abs((p90 ?? 0) / truth.p90 - 1)).toBeLessThanOrEqual(0.01);
    }
    expect(total.sessions.total).toBe(parts.length);
    expectAround(total.visitors.interval_95, 9_001);
  });
});

describe("every question about more events than are read at once", { timeout: 240_000 }, () => {
  const half = { end_date: "2021-01-05T14:00:00" };
  const questions: [string, (bindings: Env) => Promise<Response>][] = [
    ["stats by a property", (own) => get("/theeye/stats", { group_by: "data.path", interval: "hour" }, own)],
    ["stats of few events", (own) => get("/theeye/stats", { "data.path": "/none", metric: "sessions", ...half }, own)],
    ["session statistics", (own) => get("/theeye/sessions/stats", { group_by: "exit" }, own)],
    ["sessions of a value", (own) => get("/theeye/sessions", { "data.path": "/none", limit: "1000" }, own)],
    ["sessions of a size", (own) => get("/theeye/sessions", { min_events: "1000", limit: "100" }, own)],
    ["a funnel", (own) => post("/theeye/funnels", { steps: [{}, {}] }, own)],
    ["paths", (own) => post("/theeye/paths", { start: {}, depth: 6 }, own)],
    ["retention", (own) => get("/theeye/retention", { interval: "day" }, own)],
    ["a visitor", (own) => ask("/theeye/visitors/v17", {}, own)],
    ["properties", (own) => ask("/theeye/properties?category=page%20interaction&name=pageview", {}, own)],
  ];

  it.each(questions)("reads a bounded number of rows in each statement and answer: %s", async (_, asking) => {
    const costs: StatementCost[] = [];
    const bindings: Env = { ...env, DB: watched(env.DB, costs), JOBS: { send: async () => {} } as unknown as Queue };
    const response = await asking(bindings);
    // The made visitors are in no table of visits, so there is none of this name.
    expect([200, 202, 404]).toContain(response.status);
    await response.body?.cancel();
    const dearest = costs.toSorted((a, b) => b.rowsRead - a.rowsRead)[0];
    // A statement is cut by the expected rows, which are even within an hour. A list of sessions seeks every slot of some sessions.
    expect(dearest?.rowsRead ?? 0, dearest?.sql).toBeLessThanOrEqual(60_000);
    expect(sum(costs.map(({ rowsRead }) => rowsRead))).toBeLessThanOrEqual(1_000_000);
  });

  it("reads a bounded number of rows where only few of the events match", async () => {
    // A second type, so that the filter leaves most events out.
    const rare = Array.from({ length: 12 }, (_, n) =>
      eventRow({ session: `rare ${n}`, name: "rare name", occurredAt: DAY + HOUR }),
    );
    await store(databasesOf(env), { events: rare });
    const costs: StatementCost[] = [];
    const query = { name: "rare name", metric: "sessions", ...half };
    const response = await get("/theeye/stats", query, { ...env, DB: watched(env.DB, costs) });
    const { total } = v.parse(StatsResponse, await response.json());
    expect(total.total).toBe(rare.length);
    expect(Math.max(...costs.map(({ rowsRead }) => rowsRead))).toBeLessThanOrEqual(60_000);
    expect(sum(costs.map(({ rowsRead }) => rowsRead))).toBeGreaterThan(200_000);
  });
});
