import { beforeAll, describe, expect, it } from "vitest";
import { daysLeftOf, MAX_DATABASE_BYTES, readStorageState } from "../../../src/storage/admin/storage-state";
import { firstDatabase } from "../../../src/storage/core/databases";
import { compactAll, databases, emptyEverything, ioWith, MOVING_ERRORS } from "../../compaction/harness";
import { DAY, errorRow, eventRow, HOUR, MINUTE, MORNING, store } from "../seed";

const first = firstDatabase(databases);

/** Two partitions of a day. The older one and all errors are moved to the archive. */
beforeAll(async () => {
  await emptyEverything();
  const events = Array.from({ length: 30 }, (_, n) =>
    eventRow({ session: `s${n}`, occurredAt: MORNING + (n < 20 ? 0 : DAY) + n * MINUTE }),
  );
  await store(databases, { events, errors: [errorRow(), errorRow()] }, DAY);
  await compactAll(ioWith({ settings: MOVING_ERRORS }), MORNING + DAY + HOUR);
});

describe("the state of the storage", () => {
  it("has the events of each partition, in the databases or in the archive", async () => {
    const { partitions, archivedErrors, deletions } = await readStorageState(databases, MORNING + DAY + HOUR);
    const found = partitions.map(({ partition, hotEvents, archivedEvents, copiedEvents, failure }) => [
      ...[partition.state, hotEvents, archivedEvents, copiedEvents, failure],
    ]);
    expect(found).toEqual([
      ["dropped", 0, 20, 20, null],
      ["open", 10, 0, 0, null],
    ]);
    expect(partitions[0]?.files).toBeGreaterThan(0);
    expect(partitions[0]?.archivedBytes).toBeGreaterThan(0);
    expect(archivedErrors).toMatchObject({ errors: 2 });
    expect(deletions).toEqual([]);
  });

  it("has the events of each database, and of its last day", async () => {
    const { databases: states } = await readStorageState(databases, MORNING + DAY + HOUR);
    expect(states.map(({ database }) => database)).toEqual([0, 1, 2]);
    expect(states.reduce((sum, { events }) => sum + events, 0)).toBe(10);
    expect(states.reduce((sum, { eventsOfLastDay }) => sum + eventsOfLastDay, 0)).toBe(10);
    const week = await readStorageState(databases, MORNING + 8 * DAY);
    expect(week.databases.map(({ eventsOfLastDay, daysLeft }) => [eventsOfLastDay, daysLeft])).toEqual([
      [0, null],
      [0, null],
      [0, null],
    ]);
  });

  it("has the latest deletions first", async () => {
    for (const at of [1, 2]) {
      await first.binding
        .prepare("INSERT INTO retention_log (at, kind, what, rows, bytes) VALUES (?1, 'file', ?2, 3, 4)")
        .bind(at, `file ${at}`)
        .run();
    }
    const { deletions } = await readStorageState(databases, MORNING);
    expect(deletions.map(({ what }) => what)).toEqual(["file 2", "file 1"]);
  });
});

it("estimates the days until a database is full from the growth of its last day", async () => {
  const now = MORNING + DAY + HOUR;
  const { databases: states } = await readStorageState(databases, now);
  const busy = states.find(({ events }) => events > 0);
  if (busy === undefined) throw new Error("no database has events");
  const database = databases[busy.database] ?? first;
  const perDay = (busy.bytes / busy.events) * busy.eventsOfLastDay;
  expect(busy.daysLeft).toBeCloseTo((MAX_DATABASE_BYTES - busy.bytes) / perDay, 6);
  expect(await daysLeftOf(database, 0, now)).toBeNull();
});
