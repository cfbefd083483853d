import { applyD1Migrations, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { ACTIVITY_SLOT_MICROS } from "../../src/model/limits";
import { databasesOf } from "../../src/storage/databases";
import type { EventKey } from "../../src/storage/order";
import { MAX_EVENTS_COUNTED, MAX_OPENINGS_EXAMINED } from "../../src/storage/read-limits";
import type { EventRow } from "../../src/storage/rows";
import { forgetSeries } from "../../src/storage/series";
import { findActiveSessions, type SessionQuestion, summariseSession } from "../../src/storage/session-queries";
import { eventRow, MINUTE, MORNING, store } from "./seed";

const databases = databasesOf(env);

beforeEach(async () => {
  await reset();
  for (const database of databases) {
    await applyD1Migrations(database.binding, env.TEST_MIGRATIONS);
    forgetSeries(database);
  }
});

const always: SessionQuestion = {
  ...{ from: null, to: null, limit: 3, after: null },
  ...{ asOf: Number.MAX_SAFE_INTEGER, withTimes: false },
};

/** Marks what opens a slot, as the session's group does: the first of the session in it, in the order given. */
function withOpenings(rows: EventRow[]): EventRow[] {
  const opened = new Set<string>();
  return rows.map((row) => {
    const slot = `${row.session} ${Math.floor(row.occurredAt / ACTIVITY_SLOT_MICROS)}`;
    const opens = !opened.has(slot);
    opened.add(slot);
    return { ...row, opens };
  });
}

async function walk(question: SessionQuestion, between?: () => Promise<void>): Promise<string[]> {
  const names: string[] = [];
  let after: EventKey | null = null;
  for (let pages = 0; pages < 500; pages++) {
    const { rows, next } = await findActiveSessions(databases, { ...question, after });
    names.push(...rows.map(({ session }) => session));
    if (next === null) return names;
    after = next;
    await between?.();
  }
  throw new Error("The walk does not end.");
}

/**
 * The sessions with an event in the range, by the opening of the last quarter of an hour in which they were active up to
 * its end. An opening that lies behind that end, since the session's earlier event came late, comes last.
 */
function expected(rows: EventRow[], from: number | null, to: number | null): string[] {
  const low = from ?? 0;
  const high = to ?? Number.MAX_SAFE_INTEGER;
  const slotOf = (moment: number) => Math.floor(moment / ACTIVITY_SLOT_MICROS);
  const active = new Set(
    rows.filter((row) => row.occurredAt >= low && row.occurredAt <= high).map((row) => row.session),
  );
  const openings = [...active].map((session) => {
    const own = rows.filter((row) => row.session === session);
    const last = Math.max(...own.filter((row) => row.occurredAt <= high).map((row) => slotOf(row.occurredAt)));
    return { session, at: own.find((row) => row.opens && slotOf(row.occurredAt) === last)?.occurredAt ?? 0 };
  });
  const isBehind = ({ at }: { at: number }) => Number(at > high);
  return openings.sort((a, b) => isBehind(a) - isBehind(b) || b.at - a.at).map(({ session }) => session);
}

/** Events of a few sessions over two hours; each moment is used once, so that the order is plain. */
const anyRows = fc
  .uniqueArray(fc.integer({ min: 0, max: 7_200 }), { minLength: 60, maxLength: 120 })
  .chain((seconds) =>
    fc.tuple(
      ...seconds.map((second) =>
        fc.integer({ min: 0, max: 12 }).map((n) => ({ session: `s${n}`, occurredAt: MORNING + second * 1_000_000 })),
      ),
    ),
  )
  .map((rows) => withOpenings(rows.map((row) => eventRow(row))));

describe("findActiveSessions", () => {
  it("lists each session with an event in the range once, by its newest opening", async () => {
    const rows = fc.sample(anyRows, { numRuns: 1, seed: 5 })[0] ?? [];
    await store(databases, { events: rows });
    const minute = fc.option(fc.integer({ min: 0, max: 120 }));
    await fc.assert(
      fc.asyncProperty(minute, minute, fc.constantFrom(1, 4, 50), async (a, b, limit) => {
        const from = a === null ? null : MORNING + Math.min(a, b ?? a) * MINUTE;
        const to = b === null ? null : MORNING + Math.max(a ?? b, b) * MINUTE;
        expect(await walk({ ...always, from, to, limit })).toEqual(expected(rows, from, to));
      }),
      { numRuns: 60, seed: 5 },
    );
  });

  it("lists a session once whose last event is the first microsecond of a quarter of an hour", async () => {
    const start = Math.ceil(MORNING / ACTIVITY_SLOT_MICROS) * ACTIVITY_SLOT_MICROS;
    const rows = withOpenings([start, start + ACTIVITY_SLOT_MICROS].map((occurredAt) => eventRow({ occurredAt })));
    await store(databases, { events: rows });
    expect(await walk(always)).toEqual(["session"]);
  });

  it("fills the first page at once where many sessions begin behind the end of the range", async () => {
    const within = Array.from({ length: 5 }, (_, n) => eventRow({ session: `in ${n}`, occurredAt: MORNING + n }));
    const behind = Array.from({ length: MAX_OPENINGS_EXAMINED + 10 }, (_, n) =>
      eventRow({ session: `behind ${n}`, occurredAt: MORNING + MINUTE + n }),
    );
    await store(databases, { events: withOpenings([...within, ...behind]) });
    const { rows } = await findActiveSessions(databases, { ...always, to: MORNING + 1_000, limit: 5 });
    expect(rows.map(({ session }) => session)).toEqual(["in 4", "in 3", "in 2", "in 1", "in 0"]);
  });

  it("neither repeats nor skips a session while its events go on between the pages", async () => {
    const rows = withOpenings(
      Array.from({ length: 12 }, (_, n) => eventRow({ session: `s${n}`, occurredAt: MORNING + n * 20 * MINUTE })),
    );
    await store(databases, { events: rows });
    const asOf = MORNING + 12 * 20 * MINUTE;
    let later = asOf;
    const names = await walk({ ...always, asOf }, async () => {
      later += 20 * MINUTE;
      const arrived = rows.map(({ session }) => eventRow({ session, occurredAt: later, opens: true }));
      await store(databases, { events: arrived });
    });
    expect(names).toEqual(rows.map(({ session }) => session).reverse());
  });

  it("tells the first and the last event of the whole session, whatever the range", async () => {
    const moments = [0, 10, 40, 90].map((n) => MORNING + n * MINUTE);
    await store(databases, { events: withOpenings(moments.map((occurredAt) => eventRow({ occurredAt }))) });
    const { rows } = await findActiveSessions(databases, {
      ...always,
      from: MORNING + 35 * MINUTE,
      to: MORNING + 45 * MINUTE,
      withTimes: true,
    });
    const times = { firstEventAt: moments[0], lastEventAt: moments[3] };
    expect(rows).toMatchObject([{ session: "session", key: { occurredAt: moments[2] }, times }]);
  });

  it("tells no times that were not asked for", async () => {
    await store(databases, { events: withOpenings([eventRow({ occurredAt: MORNING })]) });
    const { rows } = await findActiveSessions(databases, always);
    expect(rows).toMatchObject([{ session: "session", times: null }]);
  });
});

describe("summariseSession", () => {
  it("knows nothing of a session without events", async () => {
    expect(await summariseSession(databases, "nobody")).toBeNull();
  });

  it("sums up what several applications sent", async () => {
    const rows = ["shop", "blog", "shop"].map((application, n) => eventRow({ application, occurredAt: MORNING + n }));
    await store(databases, { events: rows });
    expect(await summariseSession(databases, "session")).toEqual({
      firstEventAt: MORNING,
      lastEventAt: MORNING + 2,
      events: 3,
      applications: ["blog", "shop"],
    });
  });

  it("counts no further than it says", async () => {
    const rows = Array.from({ length: MAX_EVENTS_COUNTED + 50 }, (_, n) => eventRow({ occurredAt: MORNING + n }));
    await store(databases, { events: rows });
    expect((await summariseSession(databases, "session"))?.events).toBe(MAX_EVENTS_COUNTED + 1);
  });
});
