import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { compactStep } from "../../../src/compaction/compact-step";
import type { EventQuestion } from "../../../src/storage/events/filtered-scan";
import { findEvents } from "../../../src/storage/events/find-events";
import { findWholeReceipt, summariseWholeSession } from "../../../src/storage/events/whole-session";
import { findActiveSessions } from "../../../src/storage/sessions/active-sessions";
import { ANY_SESSION } from "../../../src/storage/sessions/session-filter";
import type { EventRow } from "../../../src/storage/write/rows";
import { compactAll, databases, EAGER, emptyEverything, ioWith } from "../../compaction/harness";
import { eventRow, HOUR, inReadingOrder, MINUTE, MORNING, SECOND, store } from "../seed";

/** The same queries before, while and after events move to the archive: every result is the same. */

/**
 * Six hours in partitions of two: 60 sessions, each in one hour, one session in all hours, and events with equal
 * timestamps.
 */
const EVENTS: EventRow[] = Array.from({ length: 360 }, (_, n) => {
  const hour = n % 6;
  return eventRow({
    session: n % 20 === 0 ? "the long one" : `session-${(n % 10) + 10 * hour}`,
    id: `event-${n}`,
    application: n % 7 === 0 ? "blog" : "shop",
    category: n % 90 === 1 ? "rare" : n % 2 === 0 ? "page interaction" : "media",
    name: `name-${n % 4}`,
    occurredAt: MORNING + hour * HOUR + Math.floor(n / 12) * 2 * MINUTE,
    receivedAt: MORNING + 7 * HOUR + (n % 5) * 1_000,
    data: JSON.stringify({ n }),
    context: n % 3 === 0 ? "{}" : null,
  });
});

const WIDTH = 2 * HOUR;
const ALL: EventQuestion = {
  ...{ session: null, category: null, name: null, applications: null, limit: 50 },
  range: { order: "desc", from: null, to: null, after: null },
};

async function scan(question: Partial<EventQuestion>) {
  const rows: Awaited<ReturnType<typeof findEvents>>["rows"] = [];
  let isFromArchive = false;
  let after: EventQuestion["range"]["after"] = null;
  for (let page = 0; page < 200; page++) {
    const asked = { ...ALL, ...question };
    const found = await findEvents(databases, { ...asked, range: { ...asked.range, after } }, env.ARCHIVE);
    rows.push(...found.rows);
    isFromArchive ||= found.fromArchive;
    if (found.next === null) return { ids: rows.map(({ id }) => id), rows, isFromArchive };
    after = found.next;
  }
  throw new Error("the scan does not end");
}

/** All sessions, in pages of 7. */
async function listAll() {
  const question = {
    from: null,
    to: null,
    ...{ filter: ANY_SESSION, size: null, visible: null },
    limit: 7,
    asOf: Number.MAX_SAFE_INTEGER,
    withTimes: false,
  };
  const listed: { session: string; at: number }[] = [];
  let after: EventQuestion["range"]["after"] = null;
  for (let page = 0; page < 100; page++) {
    const { rows, next } = await findActiveSessions(databases, { ...question, after }, env.ARCHIVE);
    listed.push(...rows.map(({ session, key }) => ({ session, at: key.occurredAt })));
    if (next === null) return listed;
    after = next;
  }
  throw new Error("the list does not end");
}

const inOrder = inReadingOrder(EVENTS);

function expected(matches: (row: EventRow) => boolean, order: "asc" | "desc" = "desc") {
  const ids = inOrder.filter(matches).map(({ id }) => id);
  return order === "asc" ? ids : ids.toReversed();
}

const QUESTIONS: [string, Partial<EventQuestion>, (row: EventRow) => boolean][] = [
  ["all, newest first", {}, () => true],
  ["all, oldest first", { range: { order: "asc", from: null, to: null, after: null } }, () => true],
  ["pages of 7", { limit: 7 }, () => true],
  [
    "an hour and a half",
    { range: { order: "desc", from: MORNING + HOUR, to: MORNING + 2.5 * HOUR, after: null } },
    ({ occurredAt }) => occurredAt >= MORNING + HOUR && occurredAt <= MORNING + 2.5 * HOUR,
  ],
  ["a session of one hour", { session: "session-23" }, ({ session }) => session === "session-23"],
  [
    "a session of all hours, in pages of 4",
    { session: "the long one", limit: 4, range: { order: "asc", from: null, to: null, after: null } },
    ({ session }) => session === "the long one",
  ],
  ["a session that does not exist", { session: "nobody" }, () => false],
  ["a rare category", { category: "rare" }, ({ category }) => category === "rare"],
  ["an application", { applications: ["blog"], limit: 9 }, ({ application }) => application === "blog"],
  [
    "a name of a category",
    { category: "media", name: "name-3" },
    ({ category, name }) => category === "media" && name === "name-3",
  ],
  ["a category that does not exist", { category: "none" }, () => false],
  [
    "a session's events of a name",
    { session: "the long one", name: "name-0" },
    ({ session, name }) => session === "the long one" && name === "name-0",
  ],
];

async function askAll(when: string) {
  for (const [what, question, matches] of QUESTIONS) {
    const { ids } = await scan(question);
    expect(ids, `${what}, ${when}`).toEqual(expected(matches, question.range?.order));
  }
}

describe("queries over the databases and the archive", () => {
  beforeAll(async () => {
    await emptyEverything();
    await store(databases, { events: EVENTS }, WIDTH);
  });

  it("return the same results after each step of the compactor", async () => {
    await askAll("before");
    const world = ioWith({ settings: { ...EAGER, fileLimits: { ...EAGER.fileLimits, groupRows: 5 } } });
    // Two of three partitions are over.
    const now = MORNING + 4 * HOUR;
    for (let step = 0; step < 100; step++) {
      const result = await compactStep(world, now);
      if (result.did === "waiting") break;
      if (result.did === "copied" && step % 5 !== 0) continue;
      await askAll(`after step ${step}: ${result.did}`);
    }
    const { isFromArchive, rows } = await scan({});
    expect(isFromArchive).toBe(true);
    const [found] = rows.filter(({ id }) => id === "event-3");
    const stored = EVENTS[3];
    expect(found).toMatchObject({ data: stored?.data, context: stored?.context, receivedAt: stored?.receivedAt });
    await compactAll();
    await askAll("at the end");
  }, 300_000);

  it("list sessions, summarise them and find single events as before", async () => {
    await emptyEverything();
    await store(databases, { events: EVENTS }, WIDTH);
    const sessions = [...new Set(EVENTS.map(({ session }) => session))].slice(0, 12);
    const ask = async () => ({
      list: await listAll(),
      summaries: await Promise.all(
        [...sessions, "nobody"].map(async (session) => {
          const summary = await summariseWholeSession(databases, { session, applications: null }, env.ARCHIVE);
          return summary === null ? null : { ...summary };
        }),
      ),
      receipts: await Promise.all(
        EVENTS.slice(0, 8).map(({ session, id }) =>
          findWholeReceipt(databases, { session, id, applications: null }, env.ARCHIVE),
        ),
      ),
    });
    const before = await ask();
    expect(before.list.map(({ session }) => session).toSorted()).toEqual(
      [...new Set(EVENTS.map(({ session }) => session))].toSorted(),
    );
    await compactAll(ioWith(), MORNING + 4 * HOUR);
    expect(await ask()).toEqual(before);
    await compactAll();
    expect(await ask()).toEqual(before);
  }, 300_000);

  it("report that nothing came from the archive if the databases fill the page", async () => {
    await store(databases, { events: [eventRow({ occurredAt: MORNING + 400 * 24 * HOUR, id: "hot" })] }, WIDTH);
    const page = await findEvents(databases, { ...ALL, limit: 1 }, env.ARCHIVE);
    expect([page.rows.map(({ id }) => id), page.fromArchive]).toEqual([["hot"], false]);
  });
});

describe("late events of archived partitions", () => {
  beforeEach(async () => {
    await emptyEverything();
    await store(databases, { events: EVENTS }, WIDTH);
    await compactAll();
  });
  afterEach(emptyEverything);

  it("are read once, before and after they are moved, without copies of archived events", async () => {
    const late = eventRow({ session: "session-23", id: "late", occurredAt: MORNING + 2 * HOUR + 5 * SECOND });
    const copies = EVENTS.slice(0, 40).map((row) => ({ ...row, receivedAt: row.receivedAt + 9 }));
    await store(databases, { events: [late, ...copies] }, WIDTH);
    const both = inReadingOrder([...EVENTS, late]).map(({ id }) => id);
    expect((await scan({})).ids).toEqual(both.toReversed());
    expect((await scan({ session: "session-23" })).ids).toContain("late");
    await compactAll();
    expect((await scan({})).ids).toEqual(both.toReversed());
  });
});
