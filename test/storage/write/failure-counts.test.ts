import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import type { EventCode } from "../../../src/model/codes";
import type { Database } from "../../../src/storage/core/databases";
import { failurePath, MAX_FAILURE_GROUPS_PER_DAY } from "../../../src/storage/write/failure-counts";
import type { ErrorRow } from "../../../src/storage/write/rows";
import { writeBatch } from "../../../src/storage/write/write-batch";
import { errorRow, eventRow, MINUTE, MORNING, store } from "../seed";
import { meter } from "../watched-database";

const database: Database = { index: 0, binding: env.DB };
const TABLES = ["failures", "errors"];

const write = (errors: ErrorRow[], to = database) => writeBatch(to, { events: [], errors, parts: [] });

async function counted(): Promise<[string, number][]> {
  const { results } = await env.DB.prepare(
    "SELECT seconds, code, bucket, application, category, name, path, events FROM failures",
  ).all<Record<string, string | number>>();
  return results.map(({ events, ...aggregate }): [string, number] => [
    JSON.stringify(Object.values(aggregate)),
    Number(events),
  ]);
}

/** The expected counts of these errors, computed in the simplest way. */
function expected(errors: ErrorRow[]): Map<string, number> {
  const aggregates = new Map<string, number>();
  for (const { issues, receivedAt, application, category, name } of errors) {
    const kinds = new Set(
      [["", ""], ...issues.map(({ code, path }) => [code, path])].map((kind) => JSON.stringify(kind)),
    );
    for (const seconds of [60, 3600, 86400]) {
      for (const [code, path] of [...kinds].map((kind): [string, string] => JSON.parse(kind))) {
        const bucket = Math.floor(receivedAt / 1_000_000 / seconds) * seconds;
        const key = JSON.stringify([seconds, code, bucket, application ?? "", category ?? "", name ?? "", path]);
        aggregates.set(key, (aggregates.get(key) ?? 0) + 1);
      }
    }
  }
  return aggregates;
}

beforeEach(async () => {
  await env.DB.batch(TABLES.map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
});

const anyIssue = fc.record({
  code: fc.constantFrom<EventCode>("data_invalid", "name_invalid", "timestamp_invalid"),
  path: fc.constantFrom("", "/data", "/data/a~1b"),
  message: fc.constantFrom("one", "another"),
});

const anyErrors = fc.array(
  fc.record({
    receivedAt: fc.nat({ max: 90 }).map((minute) => MORNING + minute * MINUTE + 1),
    application: fc.constantFrom("shop", null),
    category: fc.constantFrom("a", "b", null),
    name: fc.constantFrom("n", null),
    issues: fc.array(anyIssue, { maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 25 },
);

describe("failures", () => {
  it("are counted exactly, in whatever overlapping batches the errors arrive", async () => {
    await fc.assert(
      fc.asyncProperty(anyErrors, fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 4 }), async (drafts, cuts) => {
        await env.DB.batch(TABLES.map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
        const errors = drafts.map((draft, index) => errorRow({ ...draft, id: `error-${index}` }));
        for (const [a, b] of [...cuts, [0, errors.length] as const]) {
          const part = errors.slice(Math.min(a, b) % errors.length, Math.max(a, b));
          await write([...part, ...part.slice(0, 2)]);
        }
        expect((await counted()).sort()).toEqual([...expected(errors)].sort());
      }),
      { numRuns: 40 },
    );
  });

  it("know the first and the last receipt of each bucket, in whatever order the errors come", async () => {
    const receipts = [7_000_001, 3_000_002, 59_999_999, 60_000_003, 3_000_004];
    for (const [n, after] of receipts.entries()) {
      await write([errorRow({ id: `error-${n}`, receivedAt: MORNING + after, session: `s${n}` })]);
      await write([errorRow({ id: `error-${n}`, receivedAt: MORNING + after, session: `s${n}` })]);
    }
    const { results } = await env.DB.prepare(
      "SELECT seconds, first_at - ?1 AS first, last_at - ?1 AS last FROM failures WHERE code = '' ORDER BY seconds, bucket",
    )
      .bind(MORNING)
      .all();
    expect(results).toEqual([
      { seconds: 60, first: 3_000_002, last: 59_999_999 },
      { seconds: 60, first: 60_000_003, last: 60_000_003 },
      { seconds: 3_600, first: 3_000_002, last: 60_000_003 },
      { seconds: 86_400, first: 3_000_002, last: 60_000_003 },
    ]);
  });

  it("refer to an error that can be shown", async () => {
    await write([errorRow({ id: "older" })]);
    await write([errorRow({ id: "newer" })]);
    const { results } = await env.DB.prepare("SELECT DISTINCT last_error_id AS id FROM failures").all();
    expect(results).toEqual([{ id: "newer" }]);
  });

  it("cost nothing if an error arrives again", async () => {
    await write([errorRow({ id: "known" })]);
    const { database: metered, cost } = meter(database);
    await write([errorRow({ id: "known" })], metered);
    expect(cost.written).toBe(0);
  });

  it("cost no statement for a valid event", async () => {
    const asked: string[] = [];
    const prepare = (sql: string) => {
      asked.push(sql);
      return env.DB.prepare(sql);
    };
    const spying: D1Database = Object.assign(Object.create(env.DB), { prepare });
    await store([{ index: 0, binding: spying }], { events: [eventRow()] });
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter((sql) => sql.includes("failures"))).toEqual([]);
  });

  it("write three rows for a failed event, and three for each of its issues", async () => {
    await write([errorRow()]);
    expect(await rowsOf("shop")).toBe(6);
    const issues = ["/a", "/b"].map((path) => ({ code: "data_invalid" as const, path, message: "m" }));
    await write([errorRow({ application: "blog", issues })]);
    expect(await rowsOf("blog")).toBe(9);
  });
});

async function rowsOf(application: string): Promise<number | null> {
  return env.DB.prepare("SELECT count(*) AS n FROM failures WHERE application = ?1")
    .bind(application)
    .first<number>("n");
}

/** The counted failed events by code, at one width. */
async function totals(application: string, seconds: number) {
  const sql =
    "SELECT code, sum(events) AS events FROM failures WHERE application = ?1 AND seconds = ?2 GROUP BY code ORDER BY code";
  return (await env.DB.prepare(sql).bind(application, seconds).all<{ code: string; events: number }>()).results;
}

describe("failures of many distinct types", () => {
  const EVENTS = 3_000;
  const junk = Array.from({ length: EVENTS }, (_, n) =>
    errorRow({
      name: `junk ${n}`,
      receivedAt: MORNING + (n % 120) * MINUTE,
      // Two issues of one code: beyond the limit both are counted as one.
      issues: ["/a", `/b${n}`].map((path) => ({ code: "data_invalid" as const, path, message: "m" })),
    }),
  );

  it("are counted exactly at every width, in a bounded number of rows", async () => {
    await write([errorRow({ id: "known", issues: [{ code: "name_invalid", path: "/name", message: "m" }] })]);
    for (let from = 0; from < EVENTS; from += 250) await write(junk.slice(from, from + 250));
    const day = await env.DB.prepare("SELECT count(*) AS n FROM failures WHERE seconds = 86400").first<number>("n");
    // The three rows that stand for all others are beyond the limit.
    expect(day).toBeGreaterThan(MAX_FAILURE_GROUPS_PER_DAY - 10);
    expect(day).toBeLessThanOrEqual(MAX_FAILURE_GROUPS_PER_DAY + 3);
    const other = await env.DB.prepare(
      "SELECT code, events FROM failures WHERE seconds = 86400 AND category = '' AND name = '' AND path = '' ORDER BY code",
    ).all<{ code: string; events: number }>();
    const folded = other.results[0]?.events ?? 0;
    expect(other.results).toEqual([
      { code: "", events: folded },
      { code: "data_invalid", events: folded },
    ]);
    expect(folded).toBeGreaterThan(EVENTS - MAX_FAILURE_GROUPS_PER_DAY);
    for (const seconds of [60, 3_600, 86_400]) {
      expect(await totals("shop", seconds)).toEqual([
        { code: "", events: EVENTS + 1 },
        { code: "data_invalid", events: folded + 2 * (EVENTS - folded) },
        { code: "name_invalid", events: 1 },
      ]);
    }
  });

  it("leave existing counts, other applications and the next day unchanged", async () => {
    const known = { name: "known", issues: [{ code: "name_invalid" as const, path: "/name", message: "m" }] };
    await write([errorRow(known)]);
    for (let from = 0; from < EVENTS; from += 500) await write(junk.slice(from, from + 500));
    const again = { ...known, receivedAt: MORNING + MINUTE };
    const tomorrow = { name: "new", receivedAt: MORNING + 24 * 60 * MINUTE };
    await write([errorRow(again), errorRow({ name: "new", application: "blog" }), errorRow(tomorrow)]);
    const { results } = await env.DB.prepare(
      `SELECT application, name, events FROM failures
       WHERE seconds = 86400 AND code = '' AND name IN ('known', 'new') ORDER BY application, name`,
    ).all();
    expect(results).toEqual([
      { application: "blog", name: "new", events: 1 },
      { application: "shop", name: "known", events: 2 },
      { application: "shop", name: "new", events: 1 },
    ]);
  });

  it("cost a bounded number of rows for each batch, written and read", async () => {
    for (let from = 0; from < EVENTS; from += 500) await write(junk.slice(from, from + 500));
    const { database: metered, cost } = meter(database);
    const more = Array.from({ length: 100 }, (_, n) => errorRow({ name: `more ${n}` }));
    await write(more, metered);
    const indexes = await env.DB.prepare("SELECT count(*) AS n FROM errors INDEXED BY errors_by_id").first<number>("n");
    expect(indexes).toBe(EVENTS + 100);
    // Six rows of failures for all of them; the other rows are the errors and their index entries.
    expect(cost.written).toBeLessThanOrEqual(100 * 8 + 6);
    expect(cost.read).toBeLessThanOrEqual(MAX_FAILURE_GROUPS_PER_DAY + 100 * 60);
  });
});

it.each([
  ["/data/items/17/price", "/data/items/*/price"],
  ["/data/items/0", "/data/items/*"],
  ["/data/0/1/2", "/data/*/*/*"],
  ["/data/v2/17th", "/data/v2/17th"],
  ["", ""],
])("the path %s is counted as %s", (path, as) => {
  expect(failurePath(path)).toBe(as);
});

it("a very long path is counted by its first characters, which are text that a database accepts", () => {
  expect(failurePath(`/${"x".repeat(198)}\u{1F600}`)).toHaveLength(200);
  expect(failurePath(`/${"x".repeat(198)}\u{1F600}`).isWellFormed()).toBe(true);
});
