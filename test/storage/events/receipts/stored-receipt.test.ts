import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../../src/storage/core/databases";
import { MAX_RECEIPT_WINDOWS } from "../../../../src/storage/core/read-limits";
import { findStoredEvent } from "../../../../src/storage/events/receipts/stored-receipt";
import { readPartitionMap } from "../../../../src/storage/partitions/known-partitions";
import { sealPartition } from "../../../../src/storage/partitions/partition-lifecycle";
import type { EventRow } from "../../../../src/storage/write/rows";
import { eventRow, HOUR, inReadingOrder, MINUTE, MORNING, store } from "../../seed";
import { planOf, rowsReadBy, watch } from "../../watched-database";

const databases = databasesOf(env);
const write = (rows: Parameters<typeof store>[1]) => store(databases, rows, HOUR);

const anyRow = fc.record({
  session: fc.constantFrom("one", "two"),
  id: fc.nat({ max: 60 }).map((n) => `event ${n}`),
  application: fc.constantFrom("shop", "blog"),
  occurredAt: fc.nat({ max: 300 }).map((n) => MORNING + n * MINUTE),
});

/** No two rows have the same identity. */
const rows = [
  ...new Map(
    fc
      .sample(anyRow, { numRuns: 150, seed: 5 })
      .map((row) => eventRow(row))
      .map((row) => [`${row.session} ${row.occurredAt} ${row.id}`, row]),
  ).values(),
];

beforeAll(async () => {
  await write({ events: rows });
});

/** The expected result, computed in the simplest way. */
function expected(all: EventRow[], session: string, id: string, application: string | null) {
  const visible = all.filter((row) => application === null || row.application === application);
  const own = inReadingOrder(visible.filter((row) => row.session === session));
  const same = own.filter((row) => row.id === id);
  const newest = same.at(-1);
  if (newest === undefined) return null;
  const { occurredAt, receivedAt } = newest;
  return {
    application: newest.application,
    occurredAt,
    receivedAt,
    position: own.indexOf(newest) + 1,
    events: same.length,
  };
}

describe("findStoredEvent", () => {
  it("finds the newest event with an id, its position in the session and the number of such events, over all partitions", async () => {
    for (const session of ["one", "two", "nobody"]) {
      for (const application of [null, "shop"]) {
        for (let n = 0; n <= 60; n += 6) {
          const id = `event ${n}`;
          const found = await findStoredEvent(databases, {
            session,
            id,
            applications: application === null ? null : [application],
          });
          expect(found).toEqual(expected(rows, session, id, application));
        }
      }
    }
  });

  it("finds ids and sessions that are UUIDs", async () => {
    const row = eventRow({
      session: "e2085be5-9137-4e4e-80b5-f1ffddc25423",
      id: "0b7f3c1e-5d0a-4c57-9b0e-3f6a1c2d4e50",
    });
    await write({ events: [row] });
    expect(await findStoredEvent(databases, { ...row, applications: null })).toMatchObject({ position: 1, events: 1 });
  });

  it("counts a late event once, even if it is in two lanes", async () => {
    const session = "late";
    const before = [0, 1, 2].map((n) =>
      eventRow({ session, id: `e${n}`, occurredAt: MORNING + 6 * HOUR + n * MINUTE }),
    );
    await write({ events: before });
    const partition = (await readPartitionMap(firstDatabase(databases))).find(MORNING + 6 * HOUR);
    if (partition === null) throw new Error("There is no partition.");
    await sealPartition(databases, partition);
    const late = eventRow({ session, id: "new", occurredAt: MORNING + 6 * HOUR + 3 * MINUTE });
    await write({ events: [late] });
    for (const { binding } of databases) {
      const { id } = partition;
      await binding.batch([
        binding.prepare(`INSERT INTO events_${id}l SELECT * FROM events_${id}s WHERE true ON CONFLICT DO NOTHING`),
        binding.prepare(`INSERT INTO activity_${id}l SELECT * FROM activity_${id}s WHERE true ON CONFLICT DO NOTHING`),
      ]);
    }
    const found = (id: string) => findStoredEvent(databases, { session, id, applications: null });
    expect(await found("new")).toMatchObject({ position: 4, events: 1 });
    expect(await found("e1")).toMatchObject({ position: 2, events: 1 });
  });

  it("examines a bounded number of events, newest first", async () => {
    const session = "long";
    await write({
      events: Array.from({ length: 100 }, (_, n) =>
        eventRow({ session, id: `e${n}`, occurredAt: MORNING + 8 * HOUR + n * 30_000_000 }),
      ),
    });
    for (const database of databases) {
      const { database: watched, queries } = watch(database);
      await findStoredEvent([...databases.slice(0, database.index), watched, ...databases.slice(database.index + 1)], {
        ...{ session, id: "e7", applications: null },
      });
      for (const query of queries.filter(({ sql }) => sql.includes("events_"))) {
        const plan = await planOf(database, query);
        expect(plan.filter((step) => /TEMP B-TREE/.test(step))).toEqual([]);
        expect(plan.filter((step) => /SCAN (events|activity|e|a)\b/.test(step))).toEqual([]);
        // Besides the events: four windows, and the 225 numbers of each.
        expect(await rowsReadBy(database, query)).toBeLessThanOrEqual(100 * 2 + 4 * 2 * 226 + 20);
      }
    }
  });

  it("leaves out the position in a session with very many windows", async () => {
    const session = "week";
    const events = Array.from({ length: MAX_RECEIPT_WINDOWS + 1 }, (_, n) =>
      eventRow({ session, id: `e${n}`, occurredAt: MORNING - 300 * 24 * HOUR + n * 15 * MINUTE }),
    );
    await write({ events });
    const found = (n: number) => findStoredEvent(databases, { session, id: `e${n}`, applications: null });
    expect(await found(MAX_RECEIPT_WINDOWS)).toMatchObject({ position: null, events: 1 });
    expect(await found(0)).toBeNull();
  }, 60_000);
});
