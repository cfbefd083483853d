import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type Database, databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import type { EventQuestion } from "../../../src/storage/events/filtered-scan";
import { findEvents } from "../../../src/storage/events/find-events";
import { addCommonCategories } from "../../../src/storage/partitions/partition-records";
import { compareEventKeys, type EventKey } from "../../../src/storage/scan/event-order";
import { growingGroups } from "../../../src/storage/scan/lane-chains";
import { findActiveSessions } from "../../../src/storage/sessions/active-sessions";
import { ANY_SESSION } from "../../../src/storage/sessions/session-filter";
import { summariseSession } from "../../../src/storage/sessions/session-summary";
import { eventRow, MINUTE, MORNING, partitionsOf, store } from "../seed";
import { rowsReadBy, watch } from "../watched-database";

const databases = databasesOf(env);

const PARTITIONS = 60;
const NARROW = 15 * MINUTE;

/** The mean over the widths of slots that these partitions have in turn. */
const SLOTS_PER_WINDOW = (225 + 15 + 45 + 900 + 450) / 5;

/**
 * Two events in each of sixty partitions: one of a session that has events in all of them, one of a session of its
 * own.
 */
const rows = Array.from({ length: PARTITIONS }, (_, n) => n).flatMap((n) => {
  const occurredAt = MORNING + n * NARROW;
  return [
    eventRow({ session: "through all", occurredAt }),
    eventRow({
      session: `own ${n}`,
      occurredAt: occurredAt + 1,
      category: n % 20 === 0 ? "seldom" : "page interaction",
    }),
  ];
});

beforeAll(async () => {
  await store(databases, { events: rows }, NARROW);
  for (const partition of (await partitionsOf(databases).latest()).partitions) {
    await addCommonCategories(firstDatabase(databases), partition, ["page interaction"], 0);
  }
}, 60_000);

/** The cost of a query: sequential calls, statements, and rows read in all databases. */
async function costOf(ask: (databases: Database[]) => Promise<unknown>) {
  const watched = databases.map(watch);
  await ask(watched.map(({ database }) => database));
  const read = await Promise.all(
    watched.flatMap(({ queries }, index) => {
      const database = databases[index];
      return database === undefined ? [] : queries.map((query) => rowsReadBy(database, query));
    }),
  );
  return { statements: read.length, rows: read.reduce((sum, cost) => sum + cost, 0) };
}

const everything: EventQuestion = {
  ...{ session: null, category: null, name: null, applications: null },
  range: { order: "desc", from: null, to: null, after: null },
  limit: 1_000,
};

const sessions = {
  ...{ filter: ANY_SESSION, size: null, visible: null },
  from: null,
  to: null,
  limit: 100,
  after: null,
  asOf: Number.MAX_SAFE_INTEGER,
  withTimes: false,
};

describe("a query over sixty nearly empty partitions", () => {
  const bounds: [string, Partial<EventQuestion>, number, { statements: number; rows: number }][] = [
    ["by time", {}, 120, { statements: 60, rows: 700 }],
    ["by time, a page of ten", { limit: 10 }, 10, { statements: 24, rows: 150 }],
    ["by session", { session: "through all" }, 60, { statements: 30, rows: 60 * (SLOTS_PER_WINDOW + 5) + 400 }],
    ["by a session that does not exist", { session: "nobody" }, 0, { statements: 20, rows: PARTITIONS }],
    ["by a rare category", { category: "seldom" }, 3, { statements: 70, rows: 400 }],
    ["by a common category", { category: "page interaction" }, 117, { statements: 120, rows: 7_500 }],
    ["by name", { name: "pageview" }, 120, { statements: 200, rows: 3_000 }],
    ["by application", { applications: ["nobody's"] }, 0, { statements: 12, rows: 20 }],
  ];

  it.each(bounds)("%s takes few statements and rows", async (_, question, events, bound) => {
    const { rows: found } = await findEvents(databases, { ...everything, ...question });
    expect(found).toHaveLength(events);
    const cost = await costOf((asked) => findEvents(asked, { ...everything, ...question }));
    expect(cost.statements).toBeLessThanOrEqual(bound.statements);
    expect(cost.rows).toBeLessThanOrEqual(bound.rows);
  });

  it.each([
    ["without times", false, { statements: 120, rows: 1_000 }],
    ["with times", true, { statements: 300, rows: 40_000 }],
  ])("for sessions, %s, takes few statements and rows", async (_, withTimes, bound) => {
    const { rows: found } = await findActiveSessions(databases, { ...sessions, withTimes });
    expect(found).toHaveLength(PARTITIONS + 1);
    const cost = await costOf((asked) => findActiveSessions(asked, { ...sessions, withTimes }));
    expect(cost.statements).toBeLessThanOrEqual(bound.statements);
    expect(cost.rows).toBeLessThanOrEqual(bound.rows);
  });

  it("for a session's summary takes few statements and rows", async () => {
    const summary = await summariseSession(databases, "through all", null);
    expect(summary).toMatchObject({ events: PARTITIONS, firstEventAt: MORNING });
    const cost = await costOf((asked) => summariseSession(asked, "through all", null));
    expect(cost.statements).toBeLessThanOrEqual(60);
    expect(cost.rows).toBeLessThanOrEqual(PARTITIONS * (SLOTS_PER_WINDOW + 10) + 1_000);
  });

  it("pages through all of them in order", async () => {
    const found: EventKey[] = [];
    let after: EventKey | null = null;
    do {
      const range: EventQuestion["range"] = { order: "asc", from: null, to: null, after };
      const page = await findEvents(databases, { ...everything, range, limit: 50 });
      found.push(...page.rows.map(({ key }) => key));
      after = page.next;
    } while (after !== null);
    expect(found).toHaveLength(rows.length);
    expect(found.toSorted(compareEventKeys)).toEqual(found);
  });
});

describe("growingGroups", () => {
  it("keeps every item in order, and grows up to the limit", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 700 }), fc.integer({ min: 1, max: 256 }), (items, most) => {
        const groups = [...growingGroups(items, most)];
        expect(groups.flat()).toEqual(items);
        expect(Math.max(0, ...groups.map((group) => group.length))).toBeLessThanOrEqual(most);
      }),
    );
  });

  it("has few heavy items in a group", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 300 }), fc.integer({ min: 1, max: 6 }), (items, mostHeavy) => {
        const groups = [...growingGroups(items, 256, { isHeavy: (item) => item, mostHeavy })];
        expect(groups.flat()).toEqual(items);
        expect(groups.every((group) => group.length > 0 && group.filter((item) => item).length <= mostHeavy)).toBe(
          true,
        );
      }),
    );
  });

  it("makes few groups for many items", () => {
    expect([...growingGroups(Array.from({ length: 400 }), 256)]).toHaveLength(6);
  });
});
