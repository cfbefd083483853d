import { beforeEach, expect, it } from "vitest";
import { dropOldPartitions, emptyLateLanes } from "../../../src/compaction/retention/drop-partitions";
import { firstDatabase } from "../../../src/storage/core/databases";
import { loadPartitionMap, NO_PARTITIONS } from "../../../src/storage/partitions/partition-records";
import { changedDatabase } from "../../storage/failing-database";
import { eventRow, HOUR, MORNING, store } from "../../storage/seed";
import { compactAll, databases, emptyEverything } from "../harness";

const at = (hour: number, session = "s") => eventRow({ session, occurredAt: MORNING + hour * HOUR });
const states = async () =>
  (await loadPartitionMap(firstDatabase(databases), NO_PARTITIONS)).partitions.map(({ state }) => state);

beforeEach(async () => {
  await emptyEverything();
  await store(databases, { events: [at(0, "a"), at(0, "b"), at(0, "c"), at(1), at(2)] }, HOUR);
});

it("drops open partitions that ended before a time, with their events", async () => {
  const deleted = await dropOldPartitions(databases, MORNING + 2 * HOUR);
  expect(deleted).toMatchObject({ rows: 4, bytes: 0, hasMore: false });
  expect(deleted.what).toMatchObject({ from: "2021-01-01T09:00:00.000000Z", to: "2021-01-01T11:00:00.000000Z" });
  expect(await states()).toEqual(["dropped", "dropped", "open"]);
  expect(await dropOldPartitions(databases, MORNING + 2 * HOUR)).toEqual({
    rows: 0,
    bytes: 0,
    what: null,
    hasMore: false,
  });
});

it("drops what a crash has left of a partition", async () => {
  const first = firstDatabase(databases);
  const failing = changedDatabase(first, {
    prepare: (sql) => {
      if (sql.startsWith("DROP TABLE")) throw new Error("D1_ERROR: Network connection lost.");
      return first.binding.prepare(sql);
    },
  });
  const broken = databases.map((database) => (database === first ? failing : database));
  await expect(dropOldPartitions(broken, MORNING + HOUR)).rejects.toThrow("Network connection lost");
  expect(await states()).toEqual(["archived", "open", "open"]);
  expect(await dropOldPartitions(databases, MORNING + HOUR)).toMatchObject({
    what: { partitions: [expect.any(Number)] },
  });
  expect(await states()).toEqual(["dropped", "open", "open"]);
});

it("deletes the late events of dropped partitions that ended before a time", async () => {
  await compactAll();
  await store(databases, { events: [at(0, "late"), at(0, "later"), at(2, "kept")] }, HOUR);
  const deleted = await emptyLateLanes(databases, MORNING + HOUR);
  expect(deleted).toMatchObject({ rows: 2, what: { late_events_of_partitions: [expect.any(Number)] } });
  expect(await emptyLateLanes(databases, MORNING + HOUR)).toMatchObject({ rows: 0, what: null });
  expect(await emptyLateLanes(databases, MORNING + 9 * HOUR)).toMatchObject({ rows: 1 });
});
