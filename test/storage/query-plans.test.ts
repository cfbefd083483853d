import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import type { EventCode } from "../../src/model/codes";
import { type Database, databasesOf } from "../../src/storage/databases";
import { type ErrorQuestion, findErrors } from "../../src/storage/error-queries";
import { type EventQuestion, findEvents } from "../../src/storage/event-queries";
import type { Order } from "../../src/storage/order";
import { MAX_GUIDED_ROWS } from "../../src/storage/read-limits";
import { findActiveSessions, summariseSession } from "../../src/storage/session-queries";
import { countEvents } from "../../src/storage/stats-queries";
import { errorRow, MORNING, recount, SECOND, store } from "./seed";
import { planOf, rowsReadBy, watch } from "./watched-database";

/** One database that grows from 1,000 to 100,000 events while the same questions are asked. */
const [first] = databasesOf(env).slice(0, 1);
if (first === undefined) throw new Error("There is no database.");
const home: Database = first;

/**
 * Events `from` to `to`, one a second. One in 2 is a page interaction; one in 1,000 of these has a rare name. Sessions
 * have 20 events each, 50 seconds apart. Written by SQL: the pipeline's own way would take minutes.
 */
async function fill(from: number, to: number): Promise<void> {
  const numbers = (low: number, high: number) => JSON.stringify(Array.from({ length: high - low }, (_, n) => low + n));
  const { binding } = home;
  await binding.batch([
    binding.prepare("INSERT OR IGNORE INTO categories VALUES (1, 'page interaction'), (2, 'form interaction')"),
    binding.prepare(`INSERT OR IGNORE INTO series VALUES
      (1, 1, 'pageview', 'shop'), (2, 1, 'rare', 'shop'), (3, 2, 'submit', 'shop'), (4, 2, 'submit', 'blog')`),
  ]);
  for (let low = from; low < to; low += 20_000) {
    await binding
      .prepare(
        `INSERT INTO events SELECT ?2 + n * 1000000, 1000, 'session ' || (n / 1000 * 50 + n % 50), n / 50 % 20 + 1, n % 2 + 1,
           CASE WHEN n % 2 = 1 THEN 3 + n / 2 % 2 WHEN n % 2000 = 0 THEN 2 ELSE 1 END, n / 50 % 20 = 0 OR n / 900 <> (n - 50) / 900, n, '{"n":1}'
         FROM (SELECT value AS n FROM json_each(?1))`,
      )
      .bind(numbers(low, Math.min(to, low + 20_000)), MORNING)
      .run();
  }
  await recount(home);
}

const anything: EventQuestion = {
  session: null,
  category: null,
  name: null,
  application: null,
  range: { order: "desc", from: null, to: null, after: null },
  limit: 100,
};

const anyError: ErrorQuestion = {
  ...{ status: null, code: null, session: null, category: null, name: null, application: null },
  ...{ from: null, to: null },
  order: "desc",
  limit: 100,
  after: null,
};

/** The second page of a list, which a cursor begins. */
async function secondPage(database: Database, question: EventQuestion): Promise<number> {
  const { next } = await findEvents([home], question);
  const { rows } = await findEvents([database], { ...question, range: { ...question.range, after: next } });
  return rows.length;
}

async function secondErrors(database: Database, question: ErrorQuestion): Promise<number> {
  const { next } = await findErrors([home], { ...question, limit: 10 });
  const { rows } = await findErrors([database], { ...question, limit: 10, after: next });
  return rows.length;
}

const code: EventCode = "data_invalid";

const middle = { from: MORNING + 100 * SECOND, to: MORNING + 900 * SECOND };
/** The errors are a microsecond apart. */
const received = { from: MORNING + 50, to: MORNING + 150 };
const orders: Order[] = ["asc", "desc"];

/** Lists that an index covers: what they read is what they return. */
const COVERED: [string, (database: Database) => Promise<number>][] = orders.flatMap(
  (order): [string, (database: Database) => Promise<number>][] => {
    const range = { order, from: null, to: null, after: null };
    return [
      [`all events, ${order}`, (database) => secondPage(database, { ...anything, range })],
      [
        `events in a range, ${order}`,
        (database) => secondPage(database, { ...anything, range: { ...range, ...middle } }),
      ],
      [
        `a category, ${order}`,
        (database) => secondPage(database, { ...anything, category: "page interaction", range }),
      ],
      [
        `a category in a range, ${order}`,
        (database) =>
          secondPage(database, { ...anything, category: "form interaction", range: { ...range, ...middle } }),
      ],
      [
        `a session, ${order}`,
        (database) => secondPage(database, { ...anything, session: "session 7", limit: 5, range }),
      ],
      [
        `a session in a range, ${order}`,
        (database) =>
          secondPage(database, { ...anything, session: "session 7", limit: 5, range: { ...range, ...middle } }),
      ],
      [
        `a name that is all of its category, ${order}`,
        (database) => secondPage(database, { ...anything, name: "submit", range }),
      ],
      [`errors, ${order}`, (database) => secondErrors(database, { ...anyError, order })],
      [`open errors, ${order}`, (database) => secondErrors(database, { ...anyError, status: "open", order })],
      [`errors of a session, ${order}`, (database) => secondErrors(database, { ...anyError, session: "s1", order })],
      [`errors of a name, ${order}`, (database) => secondErrors(database, { ...anyError, name: "pageview", order })],
      [
        `errors of a category, ${order}`,
        (database) => secondErrors(database, { ...anyError, category: "page interaction", order }),
      ],
      [
        `errors of an application, ${order}`,
        (database) => secondErrors(database, { ...anyError, application: "shop", order }),
      ],
      [`errors of a code, ${order}`, (database) => secondErrors(database, { ...anyError, code, order })],
      [
        `errors of a code in a range, ${order}`,
        (database) => secondErrors(database, { ...anyError, code, order, ...received }),
      ],
    ];
  },
);

/** Questions whose work is bounded in another way. */
const BOUNDED: [string, (database: Database) => Promise<number>, number][] = [
  ...orders.flatMap((order): [string, (database: Database) => Promise<number>, number][] => {
    const range = { order, from: null, to: null, after: null };
    return [
      [
        `a rare name, ${order}`,
        (database) => secondPage(database, { ...anything, name: "rare", limit: 10, range }),
        // Its minutes hold thirty page interactions each.
        12 * 30 + 200,
      ],
      [
        `an application without its category, ${order}`,
        (database) => secondPage(database, { ...anything, application: "blog", range }),
        MAX_GUIDED_ROWS,
      ],
      [
        `a name in a session, ${order}`,
        (database) => secondPage(database, { ...anything, session: "session 8", name: "pageview", limit: 5, range }),
        60,
      ],
      [
        `errors of a session with a code, ${order}`,
        (database) => secondErrors(database, { ...anyError, session: "s1", code, order }),
        200,
      ],
      [
        `errors of a code in an application, ${order}`,
        (database) => secondErrors(database, { ...anyError, code, application: "shop", order }),
        400,
      ],
    ];
  }),
  ...[
    // Of sixteen minutes, sessions open a quarter twice: an opening and an index entry for each; of those listed, two more.
    { name: "sessions", withTimes: false, most: 20 * 2 * 2 + 20 },
    { name: "sessions with their times", withTimes: true, most: 20 * 2 * 4 + 20 },
  ].map(({ name, withTimes, most }): [string, (database: Database) => Promise<number>, number] => [
    name,
    async (database) => {
      const question = { from: null, to: null, limit: 20, asOf: Number.MAX_SAFE_INTEGER, withTimes };
      const { next } = await findActiveSessions([home], { ...question, after: null });
      return (await findActiveSessions([database], { ...question, after: next })).rows.length;
    },
    most,
  ]),
  [
    "a session's summary",
    async (database) => (await summariseSession([database], "session 7"))?.events ?? 0,
    // Its twenty events, counted and looked up; its first and last; what their series stand for.
    2 * 20 + 15,
  ],
  [
    "counts by hour",
    async (database) => {
      const from = MORNING / SECOND;
      const question = { category: null, name: null, application: null, interval: "hour" as const };
      const cells = await countEvents([database], { ...question, groupBy: ["name"], first: from, last: from + 3_600 });
      return cells?.length ?? 0;
    },
    40,
  ],
];

/**
 * Steps that read a whole table. Those of json_each are lists that came with the query, and `own` and `every` are short
 * lists that it makes. `series` is as small as an application has event types, and a question without a filter on it means
 * all of it.
 */
function isWholeTable(step: string): boolean {
  return (
    /^SCAN /.test(step) &&
    !/VIRTUAL TABLE|^SCAN (series|walked|counted|looked_up|own|every|CONSTANT ROW)/.test(step) &&
    !/USING .*INDEX/.test(step)
  );
}

/** Sorting is for sums only, whose cells are bounded. */
function isSort(step: string): boolean {
  return /USE TEMP B-TREE/.test(step) && !/FOR (GROUP BY|group_concat\(DISTINCT\))/.test(step);
}

describe.each([1_000, 100_000])("at %i events", { timeout: 60_000 }, (size) => {
  beforeAll(async () => {
    const { results } = await home.binding.prepare("SELECT count(*) AS n FROM events").all<{ n: number }>();
    const there = results[0]?.n ?? 0;
    if (there === 0) {
      const codes = [{ code: "data_invalid" as const, path: "/data", message: "wrong" }];
      const errors = Array.from({ length: 200 }, (_, n) =>
        errorRow({ session: `s${n % 4}`, receivedAt: MORNING + n, issues: codes }),
      );
      await store([home], { errors });
    }
    await fill(there, size);
  }, 60_000);

  it.each(COVERED)("%s: reads what it returns, from an index", async (_, ask) => {
    const { database, queries } = watch(home);
    const returned = await ask(database);
    expect(returned).toBeGreaterThan(0);
    const plans = await Promise.all(queries.map((query) => planOf(home, query)));
    expect(plans.flat().filter((step) => isWholeTable(step) || isSort(step))).toEqual([]);
    const costs = await Promise.all(queries.map((query) => rowsReadBy(home, query)));
    expect(costs.reduce((sum, cost) => sum + cost, 0)).toBeLessThanOrEqual(1.2 * returned + 10);
  });

  it.each(BOUNDED)("%s: reads no more than its bound, from indexes", async (_, ask, bound) => {
    const { database, queries } = watch(home);
    const returned = await ask(database);
    const plans = await Promise.all(queries.map((query) => planOf(home, query)));
    expect(plans.flat().filter((step) => isWholeTable(step) || isSort(step))).toEqual([]);
    const costs = await Promise.all(queries.map((query) => rowsReadBy(home, query)));
    expect(costs.reduce((sum, cost) => sum + cost, 0)).toBeLessThanOrEqual(bound);
    if (size > 1_000) expect(returned).toBeGreaterThan(0);
  });
});
