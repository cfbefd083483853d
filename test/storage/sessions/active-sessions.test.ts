import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { databasesOf } from "../../../src/storage/core/databases";
import { forgetSeries } from "../../../src/storage/counts/series";
import { sealPartition } from "../../../src/storage/partitions/partition-lifecycle";
import type { EventKey } from "../../../src/storage/scan/event-order";
import { findActiveSessions, type SessionQuestion } from "../../../src/storage/sessions/active-sessions";
import type { EventRow } from "../../../src/storage/write/rows";
import { emptyDatabases } from "../empty-databases";
import { eventRow, HOUR, inReadingOrder, MINUTE, MORNING, partitionsOf, SECOND, store } from "../seed";

const databases = databasesOf(env);

const NARROW = 30 * MINUTE;

beforeEach(async () => {
  await emptyDatabases(databases);
  databases.forEach(forgetSeries);
});

const always: SessionQuestion = {
  ...{ from: null, to: null, limit: 3, after: null },
  ...{ applications: null, asOf: Number.MAX_SAFE_INTEGER, withTimes: false },
};

async function scan(question: SessionQuestion, between?: () => Promise<void>): Promise<string[]> {
  const names: string[] = [];
  let after: EventKey | null = null;
  for (let pages = 0; pages < 500; pages++) {
    const { rows, next } = await findActiveSessions(databases, { ...question, after });
    expect(rows.length).toBeLessThanOrEqual(question.limit);
    names.push(...rows.map(({ session, key }) => `${session} ${key.occurredAt}`));
    if (next === null) return names;
    after = next;
    await between?.();
  }
  throw new Error("The scan does not end.");
}

/** The sessions with a known event in the range, by the last of these. */
function expected(rows: EventRow[], { from, to, asOf, applications }: SessionQuestion): string[] {
  const known = rows.filter(
    ({ occurredAt, receivedAt, application }) =>
      (applications === null || applications.includes(application)) &&
      occurredAt >= (from ?? 0) &&
      occurredAt <= (to ?? Number.MAX_SAFE_INTEGER) &&
      receivedAt <= asOf,
  );
  const last = new Map<string, number>();
  for (const { session, occurredAt } of inReadingOrder(known).reverse()) {
    if (!last.has(session)) last.set(session, occurredAt);
  }
  return [...last].map(([session, occurredAt]) => `${session} ${occurredAt}`);
}

/** Events of a few sessions over three hours, many with the same timestamp, some received much later. */
const anyRow = fc
  .record({
    session: fc.oneof(
      fc.integer({ min: 0, max: 25 }).map((n) => `s${n}`),
      fc.constantFrom("always here"),
    ),
    minute: fc.constantFrom(...[-700_000, 0, 1, 14, 15, 29, 30, 31, 59, 60, 75, 119, 120, 179]),
    rest: fc.constantFrom(0, 1, 4 * SECOND, 8 * SECOND),
    delay: fc.constantFrom(0, 1_000, 2 * HOUR),
    application: fc.constantFrom("shop", "shop", "blog", "forum"),
  })
  .map(({ session, minute, rest, delay, application }) => {
    const occurredAt = MORNING + minute * MINUTE + rest;
    return { session, occurredAt, receivedAt: occurredAt + delay, application };
  });

const anyQuestion = fc.record({
  from: fc.option(fc.constantFrom(MORNING, MORNING + 15 * MINUTE, MORNING + 31 * MINUTE + 1)),
  to: fc.option(fc.constantFrom(MORNING + 59 * MINUTE, MORNING + 75 * MINUTE + 4 * SECOND, MORNING + 119 * MINUTE)),
  applications: fc.option(fc.constantFrom(["shop"], ["blog"], ["blog", "forum"], ["nobody"])),
  limit: fc.constantFrom(1, 2, 5, 50),
  after: fc.constant(null),
  asOf: fc.constantFrom(Number.MAX_SAFE_INTEGER, MORNING + 70 * MINUTE, MORNING + 130 * MINUTE),
  withTimes: fc.constant(false),
});

function sample(numRuns: number, seed: number): EventRow[] {
  return fc.sample(anyRow, { numRuns, seed }).map((row) => eventRow(row));
}

describe("findActiveSessions", { timeout: 120_000 }, () => {
  it("lists each session with an event in the range once, by its last event in it", async () => {
    const early = sample(150, 1);
    await store(databases, { events: early }, NARROW);
    const partition = (await partitionsOf(databases).latest()).find(MORNING + 30 * MINUTE);
    if (partition === null) throw new Error("The morning has no partition.");
    await sealPartition(databases, partition);
    const late = sample(40, 2);
    await store(databases, { events: late }, NARROW);
    const rows = [...early, ...late];
    await fc.assert(
      fc.asyncProperty(anyQuestion, async (question) => {
        expect(await scan(question)).toEqual(expected(rows, question));
      }),
      { numRuns: 40, seed: 3 },
    );
  });

  it("continues if the events belong to few sessions", async () => {
    const rows = [
      ...Array.from({ length: 9 }, (_, n) => eventRow({ session: `early ${n}`, occurredAt: MORNING - n })),
      ...Array.from({ length: 6_000 }, (_, n) => eventRow({ session: `busy ${n % 3}`, occurredAt: MORNING + n })),
    ];
    await store(databases, { events: rows });
    const { rows: page, next } = await findActiveSessions(databases, { ...always, limit: 5 });
    expect(page.length).toBe(3);
    expect(next).not.toBeNull();
    expect(await scan({ ...always, limit: 5 })).toEqual(expected(rows, always));
  });

  it("neither repeats nor skips a session that gets events between the pages", async () => {
    const rows = Array.from({ length: 12 }, (_, n) =>
      eventRow({ session: `s${n}`, occurredAt: MORNING + n * 20 * MINUTE }),
    );
    await store(databases, { events: rows }, NARROW);
    const asOf = MORNING + 12 * 20 * MINUTE;
    let later = asOf;
    const names = await scan({ ...always, asOf }, async () => {
      later += 20 * MINUTE;
      const arrived = rows.map(({ session }) => eventRow({ session, occurredAt: later }));
      await store(databases, { events: arrived }, NARROW);
    });
    expect(names).toEqual(expected(rows, always));
  });

  it("returns the first and the last event of the whole session, regardless of the range", async () => {
    const moments = [0, 10, 40, 90].map((n) => MORNING + n * MINUTE);
    await store(databases, { events: moments.map((occurredAt) => eventRow({ occurredAt })) }, NARROW);
    const { rows } = await findActiveSessions(databases, {
      ...always,
      from: MORNING + 35 * MINUTE,
      to: MORNING + 45 * MINUTE,
      withTimes: true,
    });
    const times = { firstEventAt: moments[0], lastEventAt: moments[3] };
    expect(rows).toMatchObject([{ session: "session", key: { occurredAt: moments[2] }, times }]);
  });

  it("returns no times if they are not requested", async () => {
    await store(databases, { events: [eventRow({ occurredAt: MORNING })] });
    const { rows } = await findActiveSessions(databases, always);
    expect(rows).toMatchObject([{ session: "session", times: null }]);
  });
});
