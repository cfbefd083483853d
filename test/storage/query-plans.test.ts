import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import type { EventCode } from "../../src/model/codes";
import { type Database, databasesOf } from "../../src/storage/core/databases";
import { MAX_MINUTE_BUCKET_ROWS } from "../../src/storage/core/read-limits";
import { findErrors } from "../../src/storage/errors/error-queries";
import type { ErrorQuestion } from "../../src/storage/errors/scan-errors";
import type { EventQuestion } from "../../src/storage/events/filtered-scan";
import { findEvents } from "../../src/storage/events/find-events";
import { withPartitions } from "../../src/storage/partitions/known-partitions";
import { addCommonCategories } from "../../src/storage/partitions/partition-records";
import { sampleKeyOf } from "../../src/storage/partitions/sample-key";
import { countStats } from "../../src/storage/questions/count-stats";
import type { Order } from "../../src/storage/scan/event-order";
import { findActiveSessions } from "../../src/storage/sessions/active-sessions";
import { ANY_SESSION } from "../../src/storage/sessions/session-filter";
import { summariseSession } from "../../src/storage/sessions/session-summary";
import { errorRow, MORNING, partitionsOf, recount, SECOND, store } from "./seed";
import { planOf, rowsReadBy, watch } from "./watched-database";

/** One database that grows from 1,000 to 100,000 events while the same queries run. */
const [first] = databasesOf(env).slice(0, 1);
if (first === undefined) throw new Error("There is no database.");
const home: Database = first;

/** What a page reads besides its events: the remaining events of a slot of four seconds at each end, and counts. */
const SLOTS = 100;

/**
 * Events `from` to `to`, twenty-five a second. Every second one is a page interaction, and one in 1,000 of these has
 * a rare name. One in 500 is of a rare category. Sessions have 20 events each, two seconds apart. Written by SQL,
 * because the pipeline would take minutes.
 */
async function fill(from: number, to: number): Promise<void> {
  const map = await partitionsOf([home]).covering([MORNING]);
  const partition = map.find(MORNING);
  if (partition === null) throw new Error("The morning has no partition.");
  const { binding } = home;
  if (from === 0) {
    await addCommonCategories(home, partition, ["page interaction", "form interaction"], 0);
    await binding.batch([
      binding.prepare("INSERT INTO categories VALUES (2, 'page interaction'), (3, 'form interaction'), (4, 'rare')"),
      binding.prepare(`INSERT INTO series VALUES (1, 2, 'pageview', 'shop', 0), (2, 2, 'rare', 'shop', 0),
        (3, 3, 'submit', 'shop', 0), (4, 3, 'submit', 'blog', 0), (5, 4, 'one', 'shop', 0), (6, 4, 'other', 'shop', 0)`),
    ]);
  }
  const sessionOf = (n: number) => `session ${Math.floor(n / 1000) * 50 + (n % 50)}`;
  const numbers = (low: number, high: number) =>
    JSON.stringify(
      Array.from({ length: high - low }, (_, n) => [low + n, sampleKeyOf(sessionOf(low + n)), sessionOf(low + n)]),
    );
  for (let low = from; low < to; low += 20_000) {
    await binding
      .prepare(
        `INSERT INTO events_${partition.id} (slot, sample_key, session_id, occurred_at, tie, received_after, series_id, rare, id, data)
         SELECT (?2 + n * 40000) / 4000000, sample_key, session, ?2 + n * 40000, n, 1000,
           CASE WHEN n % 500 = 3 THEN 5 + n / 500 % 2 WHEN n % 2 = 1 THEN 3 + n / 2 % 2 WHEN n % 2000 = 0 THEN 2 ELSE 1 END,
           CASE WHEN n % 500 = 3 THEN 4 END, n, '{"n":1}'
         FROM (SELECT value ->> 0 AS n, value ->> 1 AS sample_key, value ->> 2 AS session FROM json_each(?1)), (SELECT CAST(?2 AS INTEGER))`.replaceAll(
          "?2",
          String(MORNING),
        ),
      )
      .bind(numbers(low, Math.min(to, low + 20_000)))
      .run();
  }
  await binding.batch([
    binding.prepare(
      `INSERT INTO activity_${partition.id} SELECT DISTINCT session_id, occurred_at / 900000000
       FROM events_${partition.id} WHERE true ON CONFLICT DO NOTHING`,
    ),
  ]);
  await recount(home);
}

const anything: EventQuestion = {
  session: null,
  category: null,
  name: null,
  applications: null,
  range: { order: "desc", from: null, to: null, after: null },
  limit: 100,
};

const anyError: ErrorQuestion = {
  ...{ status: null, code: null, session: null, category: null, name: null, applications: null },
  ...{ from: null, to: null },
  order: "desc",
  limit: 100,
  after: null,
};

/** The second page of a list, which starts at a cursor. */
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

const middle = { from: MORNING + 5 * SECOND, to: MORNING + 30 * SECOND };
/** The errors are a microsecond apart. */
const received = { from: MORNING + 50, to: MORNING + 150 };
const orders: Order[] = ["asc", "desc"];

/** Lists that an index covers: they read as many rows as they return. */
const COVERED: [string, (database: Database) => Promise<number>][] = orders.flatMap(
  (order): [string, (database: Database) => Promise<number>][] => {
    return [
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
        (database) => secondErrors(database, { ...anyError, applications: ["shop"], order }),
      ],
      [`errors of a code, ${order}`, (database) => secondErrors(database, { ...anyError, code, order })],
      [
        `errors of a code in a range, ${order}`,
        (database) => secondErrors(database, { ...anyError, code, order, ...received }),
      ],
    ];
  },
);

type Bounded = [string, (database: Database) => Promise<number>, number];

/** Queries whose work is bounded in another way: the rows that they read do not grow with the database. */
const BOUNDED: Bounded[] = [
  ...orders.flatMap((order): Bounded[] => {
    const range = { order, from: null, to: null, after: null };
    const events = (question: Partial<EventQuestion>) => (database: Database) =>
      secondPage(database, { ...anything, range, ...question });
    // Events are read by slots and sorted within them; those of a common category are searched among all events, up
    // to a limit given by counts.
    const common = 2 * 100 + 2 * SLOTS + 100 + 400;
    return [
      [`all events, ${order}`, events({}), 3 * 100 + 3 * SLOTS],
      [`events in a range, ${order}`, events({ range: { ...range, ...middle } }), 3 * 100 + 3 * SLOTS],
      [`a common category, ${order}`, events({ category: "page interaction" }), common],
      [
        `a common category in a range, ${order}`,
        events({ category: "form interaction", range: { ...range, ...middle } }),
        common,
      ],
      [`a rare category, ${order}`, events({ category: "rare", limit: 1 }), 10],
      [`a name that is all of its category, ${order}`, events({ name: "submit" }), common + 20],
      // A window has 225 slots.
      [`a session, ${order}`, events({ session: "session 7", limit: 5 }), 225 + 30],
      [
        `a session in a range, ${order}`,
        events({ session: "session 7", limit: 5, range: { ...range, ...middle } }),
        225 + 30,
      ],
      [`a name in a session, ${order}`, events({ session: "session 8", name: "pageview", limit: 5 }), 2 * 225 + 100],
      [`a session that does not exist, ${order}`, events({ session: "nobody" }), 3],
      // A few minutes, each with 1,500 events.
      [`a rare name, ${order}`, events({ name: "rare", limit: 10 }), MAX_MINUTE_BUCKET_ROWS + 500],
      // Only in the index of its category.
      [`a name of a rare category, ${order}`, events({ category: "rare", name: "one", limit: 1 }), 200],
      [`an application without its category, ${order}`, events({ applications: ["blog"] }), 4 * 100 + 2 * SLOTS + 400],
      [
        `errors of a session with a code, ${order}`,
        (database) => secondErrors(database, { ...anyError, session: "s1", code, order }),
        200,
      ],
      [
        `errors of a code in an application, ${order}`,
        (database) => secondErrors(database, { ...anyError, code, applications: ["shop"], order }),
        400,
      ],
    ];
  }),
  ...[
    // The events of one round, and for each session the slots above the cursor.
    { name: "sessions", withTimes: false, most: 3 * 500 + 4 * SLOTS + 60 * 225 },
    { name: "sessions with their times", withTimes: true, most: 3 * 500 + 4 * SLOTS + 100 * 225 },
  ].map(
    ({ name, withTimes, most }): Bounded => [
      name,
      async (database) => {
        const question = {
          ...{ filter: ANY_SESSION, size: null, visible: null },
          from: null,
          to: null,
          limit: 20,
          asOf: Number.MAX_SAFE_INTEGER,
          withTimes,
        };
        const { next } = await findActiveSessions([home], { ...question, after: null });
        return (await findActiveSessions([database], { ...question, after: next })).rows.length;
      },
      most,
    ],
  ),
  [
    "a session's summary",
    async (database) => (await summariseSession([database], "session 7", null))?.events ?? 0,
    // The slots of its window: to count, and to find its first and its last event.
    3 * 225 + 3 * 20,
  ],
  [
    "counts by hour",
    async (database) => {
      const question = {
        filter: { category: null, name: null, applications: null },
        groupBy: ["name" as const],
        bounds: [MORNING, MORNING + 3_600 * SECOND, MORNING + 7_200 * SECOND],
      };
      const answer = await withPartitions([database], (map) => countStats([database], map, question, { top: 10 }));
      return answer.groups.length;
    },
    60,
  ],
];

/**
 * Steps that scan a whole table. Those of json_each are lists that came with the query, and `own` and `every` are
 * short lists that it makes. `series` has only as many rows as an application has event types, and a query without a
 * filter on it needs all of them.
 */
function isWholeTable(step: string): boolean {
  return (
    /^SCAN /.test(step) &&
    !/VIRTUAL TABLE|^SCAN (series|scanned|counted|looked_up|own|every|CONSTANT ROW)/.test(step) &&
    !/USING .*INDEX/.test(step)
  );
}

/** Only sums are sorted, whose aggregate rows are bounded. */
function isSort(step: string): boolean {
  return /USE TEMP B-TREE/.test(step) && !/FOR (GROUP BY|group_concat\(DISTINCT\))/.test(step);
}

describe.each([1_000, 100_000])("at %i events", { timeout: 60_000 }, (size) => {
  beforeAll(async () => {
    const { results } = await home.binding
      .prepare("SELECT coalesce(sum(events), 0) AS n FROM counts WHERE seconds = 86400")
      .all<{ n: number }>();
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

  it.each(COVERED)("%s: reads as many rows as it returns, from an index", async (_, ask) => {
    const { database, queries } = watch(home);
    const returned = await ask(database);
    expect(returned).toBeGreaterThan(0);
    const plans = await Promise.all(queries.map((query) => planOf(home, query)));
    expect(plans.flat().filter((step) => isWholeTable(step) || isSort(step))).toEqual([]);
    const costs = await Promise.all(queries.map((query) => rowsReadBy(home, query)));
    expect(costs.reduce((sum, cost) => sum + cost, 0)).toBeLessThanOrEqual(1.2 * returned + 10);
  });

  it.each(BOUNDED)("%s: reads no more than its limit", async (_, ask, bound) => {
    const { database, queries } = watch(home);
    const returned = await ask(database);
    const costs = await Promise.all(queries.map((query) => rowsReadBy(home, query)));
    expect(costs.reduce((sum, cost) => sum + cost, 0)).toBeLessThanOrEqual(bound);
    if (size > 1_000 && !_.includes("not exist")) expect(returned).toBeGreaterThan(0);
  });
});
