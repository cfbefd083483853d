import { env } from "cloudflare:workers";
import fc from "fast-check";
import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import { StatsResponse } from "../../../../src/api/questions/stats/stats-body";
import { databasesOf } from "../../../../src/storage/core/databases";
import type { EventRow } from "../../../../src/storage/write/rows";
import { eventRow, HOUR, MINUTE, MORNING, SECOND, store } from "../../../storage/seed";
import { ask } from "../../reading-app";
import { labelOf, type NaiveQuestion, naiveStats, textAt } from "./naive-stats";

const databases = databasesOf(env);

/** Clocks change between 14 March and 4 April 2021 in the first three. Kathmandu's offset is not a whole hour. */
const ZONES = [
  "Europe/Berlin",
  "America/New_York",
  "Australia/Lord_Howe",
  "Asia/Kathmandu",
  "America/Sao_Paulo",
  "UTC",
];

const at = (text: string) => Date.parse(`${text}Z`) * 1_000;
const FROM = at("2021-03-10T00:00:00");
const DAYS = 28;

/** Times at which zones start their days and change their clocks, and others. */
const anyMoment = fc
  .oneof(
    fc.tuple(
      fc.constantFrom(at("2021-03-28T01:00"), at("2021-03-14T07:00"), at("2021-04-03T15:00"), at("2021-03-31T22:00")),
      fc.integer({ min: -150, max: 150 }).map((minutes) => minutes * MINUTE),
    ),
    fc.tuple(
      fc.integer({ min: 0, max: DAYS - 1 }).map((day) => FROM + day * 24 * HOUR),
      fc.constantFrom(0, 1, 4 * HOUR, 18.25 * HOUR, 18.25 * HOUR - 1, 22 * HOUR, 23 * HOUR - 1, 13 * HOUR),
    ),
    fc.tuple(fc.integer({ min: FROM, max: FROM + DAYS * 24 * HOUR - 1 }), fc.constant(0)),
  )
  .map(([base, offset]) => base + offset);

const anyRow = fc.record({
  session: fc.nat({ max: 60 }).map((n) => `s${n}`),
  visitor: fc.option(fc.nat({ max: 20 }).map((n) => `v${n}`)),
  category: fc.constantFrom("page interaction", "page interaction", "shop"),
  name: fc.constantFrom("pageview", "submit"),
  application: fc.constantFrom("shop", "blog", "docs"),
  occurredAt: anyMoment,
  /** Some arrive days later. */
  late: fc.constantFrom(1_000, 1_000, 3 * 24 * HOUR),
  data: fc
    .record(
      {
        path: fc.constantFrom("/", "/blog/", "/blog/a", "/p/1", "/p/2", 404, true),
        price: fc.constantFrom(1, 2.5, 19.99, 0, -3, "7", null, { a: 1 }),
        form: fc.record({ field: fc.constantFrom("a", "b", ["c"]) }),
      },
      { requiredKeys: [] },
    )
    .map((data) => JSON.stringify(data)),
});

const rows: EventRow[] = fc
  .sample(anyRow, { numRuns: 700, seed: 5 })
  .map(({ late, ...row }) => eventRow({ ...row, receivedAt: row.occurredAt + late }));

beforeAll(async () => {
  await store(databases, { events: rows }, 7 * 24 * HOUR);
});

async function stats(query: string) {
  const response = await ask(`/theeye/stats?${query}`);
  const body: unknown = await response.json();
  expect(body).not.toHaveProperty("code");
  return v.parse(StatsResponse, body);
}

const anyDay = fc.integer({ min: 0, max: DAYS - 1 });

const anyQuestion = fc.record({
  days: fc.tuple(anyDay, anyDay).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const),
  timezone: fc.constantFrom(...ZONES),
  interval: fc.constantFrom("hour" as const, "day" as const, "week" as const, "month" as const, "none" as const),
  metric: fc.constantFrom(
    "events",
    "events",
    "sessions",
    "visitors",
    "sum:price",
    "avg:price",
    "p50:price",
    "p90:price",
  ),
  groupBy: fc.constantFrom(
    ...[[], ["application"], ["application", "name"], ["data.path"], ["data.path", "category"], ["data.form.field"]],
  ),
  application: fc.option(fc.constantFrom("shop", "blog")),
  category: fc.option(fc.constantFrom("shop", "page interaction"), { freq: 2 }),
  path: fc.constantFrom<string[]>([], [], ["/"], ["/blog/*"], ["not:/"], ["/", "/p/*"], ["404"], ["true"]),
});

/** A date, as the number of days after 10 March 2021. */
function dateOf(day: number): string {
  return new Date(FROM / 1_000 + day * 86_400_000).toISOString().slice(0, 10);
}

/** The first minute of a date in a time zone, found minute by minute. */
function startOfDate(timezone: string, date: string): number {
  for (let moment = at(`${date}T00:00`) - 15 * HOUR; ; moment += 15 * MINUTE) {
    if (labelOf(timezone, moment, "day") >= date) return moment;
  }
}

function passesPath(row: EventRow, filter: readonly string[]): boolean {
  const text = textAt(row, "path");
  return (
    filter.length === 0 ||
    filter.some((one) => {
      if (one.startsWith("not:")) return text !== one.slice(4);
      return text !== null && (one.endsWith("*") ? text.startsWith(one.slice(0, -1)) : text === one);
    })
  );
}

describe("GET /theeye/stats", () => {
  it("matches a computation over all events, for any time zone, interval, metric, groups and filters", async () => {
    await fc.assert(
      fc.asyncProperty(anyQuestion, async (question) => {
        const { days, timezone, interval, metric, groupBy, application, category, path } = question;
        const query = new URLSearchParams({ start_date: dateOf(days[0]), end_date: dateOf(days[1]), timezone });
        query.set("interval", interval);
        query.set("metric", metric);
        if (groupBy.length > 0) query.set("group_by", groupBy.join(","));
        if (application !== null) query.set("application", application);
        if (category !== null) query.set("category", category);
        for (const value of path) query.append("data.path", value);
        const naive: NaiveQuestion = {
          start: startOfDate(timezone, dateOf(days[0])),
          end: startOfDate(timezone, dateOf(days[1] + 1)),
          ...{ timezone, interval, metric, groupBy },
          keep: (row) =>
            (application ?? row.application) === row.application &&
            (category ?? row.category) === row.category &&
            passesPath(row, path),
        };
        const expected = naiveStats(rows, naive);
        const found = await stats(query.toString());
        expect(found.accuracy).toEqual({ exact: true });
        expect(Date.parse(found.start) * 1_000).toBe(naive.start);
        expect(Date.parse(found.end) * 1_000).toBe(naive.end);
        const labels = found.buckets?.map((bucket) => labelOf(timezone, Date.parse(bucket) * 1_000, interval)) ?? [];
        const nothing = metric.startsWith("avg") || metric.startsWith("p") ? null : 0;
        const compare = (
          line: { total: number | null; values?: (number | null)[] | undefined },
          own: typeof expected.all,
        ) => {
          expectClose(line.total, own.total);
          for (const [place, label] of labels.entries()) {
            expectClose(line.values?.[place] ?? nothing, own.byLabel.get(label) ?? nothing);
          }
          if (interval === "none") expect(line.values).toBeUndefined();
          else for (const label of own.byLabel.keys()) expect(labels).toContain(label);
        };
        compare(found.total, expected.all);
        if (groupBy.length === 0) return;
        const foundGroups = new Map(
          found.results.map((group) => [
            JSON.stringify(Object.fromEntries(groupBy.map((dimension) => [dimension, memberOf(group, dimension)]))),
            group,
          ]),
        );
        expect([...foundGroups.keys()].sort()).toEqual(expected.groups.map(({ key }) => key).sort());
        for (const { key, ...own } of expected.groups) {
          const group = foundGroups.get(key);
          if (group !== undefined) compare(group, own);
        }
        expect(found.other).toMatchObject({ groups: 0 });
      }),
      { numRuns: 50, seed: 3 },
    );
  }, 120_000);

  it("has every bucket of a day of 23 hours, including empty ones", async () => {
    const { buckets, total } = await stats(
      "start_date=2021-03-28&end_date=2021-03-28&timezone=Europe/Berlin&category=none such",
    );
    expect(buckets).toHaveLength(23);
    expect(buckets?.slice(0, 3)).toEqual([
      "2021-03-28T00:00:00+01:00",
      "2021-03-28T01:00:00+01:00",
      "2021-03-28T03:00:00+02:00",
    ]);
    expect(total).toEqual({ total: 0, values: Array.from({ length: 23 }, () => 0) });
  });

  it("counts to the microsecond if a range starts or ends within a minute", async () => {
    const [first, second] = [MORNING + 20 * SECOND + 5, MORNING + 90 * SECOND];
    await store(databases, {
      events: [MORNING, first - 1, first, MORNING + 60 * SECOND, second, second + 1].map((occurredAt, n) =>
        eventRow({ application: "edges", session: `edge ${n}`, occurredAt }),
      ),
    });
    const range = "start_date=2021-01-01T09:00:20.000005Z&end_date=2021-01-01T09:01:30Z";
    const answer = await stats(`application=edges&interval=minute&${range}`);
    expect(answer.total).toEqual({ total: 3, values: [1, 2] });
    expect(answer.buckets).toEqual(["2021-01-01T09:00:20.000005+00:00", "2021-01-01T09:01:00+00:00"]);
    expect(answer.end).toBe("2021-01-01T09:01:30.000001+00:00");
    expect((await stats(`application=edges&interval=none&${range}`)).total).toEqual({ total: 3 });
  });

  it("reads times without an offset in the requested time zone", async () => {
    const berlin = await stats(
      "start_date=2021-01-01 10:00&end_date=2021-01-01T10:00:59.999999&timezone=Europe/Berlin",
    );
    expect(berlin.start).toBe("2021-01-01T10:00:00+01:00");
    const same = await stats(
      "start_date=2021-01-01T09:00Z&end_date=2021-01-01T09:00:59.999999Z&timezone=Europe/Berlin",
    );
    expect(same.total).toEqual(berlin.total);
  });

  it("shows the largest groups, all others together, and compares both with the period before", async () => {
    const page = (path: string, day: number, count: number) =>
      Array.from({ length: count }, (_, n) =>
        eventRow({
          ...{ application: "top", session: `${path} ${n}`, data: JSON.stringify({ path }) },
          occurredAt: at("2021-02-01T12:00") + day * 24 * HOUR + n,
        }),
      );
    await store(databases, {
      events: [
        ...[page("/", 2, 3), page("/", 3, 4), page("/a", 2, 2), page("/b", 3, 1), page("/b", 2, 1), page("/c", 3, 1)],
        ...[page("/", 1, 5), page("/old", 1, 6), page("/a", 0, 1)],
      ].flat(),
    });
    const query = "application=top&interval=day&start_date=2021-02-03&end_date=2021-02-04&group_by=data.path&top=2";
    const answer = await stats(`${query}&compare=previous_period`);
    expect(answer).toMatchObject({
      metric: "events",
      buckets: ["2021-02-03T00:00:00+00:00", "2021-02-04T00:00:00+00:00"],
      comparison: { start: "2021-02-01T00:00:00+00:00", end: "2021-02-03T00:00:00+00:00" },
      results: [
        { "data.path": "/", total: 7, values: [3, 4], comparison: { total: 5, values: [0, 5] } },
        { "data.path": "/a", total: 2, values: [2, 0], comparison: { total: 1, values: [1, 0] } },
      ],
      other: { groups: 2, total: 3, values: [1, 2], comparison: { total: 6, values: [0, 6] } },
      total: { total: 12, values: [6, 6], comparison: { total: 12, values: [1, 11] } },
    });
    expect(answer.rows_read).toBeGreaterThan(0);
    const yearBefore = await stats(`${query}&compare=previous_year`);
    expect(yearBefore.comparison).toMatchObject({ start: "2020-02-03T00:00:00+00:00" });
    expect(yearBefore.total.comparison).toEqual({ total: 0, values: [0, 0] });
    const byName = await stats(
      "application=top&interval=none&start_date=2021-02-01&end_date=2021-02-04&group_by=name&top=1",
    );
    expect(byName).toMatchObject({ results: [{ name: "pageview", total: 24 }], other: { groups: 0, total: 0 } });
  });

  it("covers the last two days by default", async () => {
    const { start, end, total, buckets } = await stats("");
    expect(Date.parse(end) - Date.parse(start)).toBe(48 * 3_600_000);
    expect(Date.parse(end)).toBeGreaterThan(Date.now());
    expect(buckets).toHaveLength(48);
    expect(total.total).toBe(0);
  });

  it.each([
    ["group_by=colour", "group_by"],
    ["group_by=name,name", "group_by"],
    ["group_by=data.", "group_by"],
    ["group_by=data.a,data.b,data.c", "group_by"],
    ["interval=year", "interval"],
    ["interval=minute&start_date=2021-01-01&end_date=2021-01-05", "start_date"],
    ["start_date=2021-01-02&end_date=2021-01-01", "start_date"],
    ["timezone=Mars/Olympus", "timezone"],
    ["metric=sum:", "metric"],
    ["metric=p95:price", "metric"],
    ["top=0", "top"],
    ["compare=last_week", "compare"],
    ["data.=1", "data."],
    ["data.path=", "data.path"],
    ["limit=5", "limit"],
  ])("refuses %s", async (query, parameter) => {
    const response = await ask(`/theeye/stats?${query}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "invalid_parameter", parameter });
  });

  it("recommends an interval for a range that is too long", async () => {
    const detail = async (query: string) =>
      (await (await ask(`/theeye/stats?${query}`)).json<{ detail: string }>()).detail;
    expect(await detail("interval=minute&start_date=2021-01-01&end_date=2021-01-05")).toContain("interval=hour");
    expect(await detail("interval=hour&start_date=2021-01-01&end_date=2021-12-31")).toContain("interval=day");
    expect(await detail("interval=day&start_date=2001-01-01&end_date=2021-12-31")).toContain("interval=week");
  });
});

function memberOf(group: object, name: string): unknown {
  return Object.entries(group).find(([key]) => key === name)?.[1];
}

function expectClose(found: number | null, expected: number | null): void {
  if (expected === null || found === null) expect(found).toBe(expected);
  else expect(found).toBeCloseTo(expected, 6);
}
