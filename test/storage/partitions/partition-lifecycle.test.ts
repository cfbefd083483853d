import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { type Database, databasesOf } from "../../../src/storage/core/databases";
import { lanesToRead, laneToWrite, type Partition } from "../../../src/storage/partitions/partition";
import { dropPartition, sealPartition } from "../../../src/storage/partitions/partition-lifecycle";
import { dropTables } from "../../../src/storage/partitions/partition-tables";
import { emptyDatabases } from "../empty-databases";
import { changedDatabase } from "../failing-database";
import { eventRow, MORNING, partitionsOf, SECOND, store } from "../seed";
import { meter } from "../watched-database";

const databases = databasesOf(env);

beforeEach(() => emptyDatabases(databases));

const events = Array.from({ length: 30 }, (_, n) =>
  eventRow({ session: `session-${n}`, visitor: `v${n}`, occurredAt: MORNING + n * SECOND }),
);

async function current(): Promise<Partition> {
  const partition = (await partitionsOf(databases).latest()).find(MORNING);
  if (partition === null) throw new Error("no partition covers the morning");
  return partition;
}

async function filled(): Promise<Partition> {
  await store(databases, { events });
  return current();
}

/** The ids of the events in a lane, from all databases. */
async function idsIn(suffix: string): Promise<string[]> {
  const found = await Promise.all(
    databases.map(({ binding }) => binding.prepare(`SELECT id FROM events_${suffix}`).all<{ id: string }>()),
  );
  return found.flatMap(({ results }) => results.map(({ id }) => id)).toSorted();
}

async function tableNames(): Promise<string[]> {
  const found = await Promise.all(
    databases.map(({ binding, index }) =>
      binding
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB '*_[0-9]*'")
        .all<{ name: string }>()
        .then(({ results }) => results.map(({ name }) => `${index} ${name}`)),
    ),
  );
  return found.flat().toSorted();
}

/** Databases of which the call with this number, counted over all of them, fails; also counts the calls. */
function failingAt(number: number) {
  let calls = 0;
  const counted = databases.map((database): Database => {
    const batch: D1Database["batch"] = (statements) => {
      calls += 1;
      return calls === number
        ? Promise.reject(new Error("D1_ERROR: Network connection lost."))
        : database.binding.batch(statements);
    };
    return changedDatabase(database, { batch });
  });
  return { databases: counted, calls: () => calls };
}

const ids = events.map(({ id }) => id).toSorted();
const late = eventRow({ id: "late", session: "session-1", occurredAt: MORNING });

describe("sealing a partition", () => {
  it("keeps its events readable, and sends later ones to its late lane", async () => {
    const partition = await filled();
    await sealPartition(databases, partition);
    const sealed = await current();
    expect(sealed).toMatchObject({ id: partition.id, state: "sealed", late: true });
    expect(lanesToRead(sealed).map(({ suffix }) => suffix)).toEqual([`${partition.id}s`, `${partition.id}l`]);
    await store(databases, { events: [late, ...events] });
    expect(await idsIn(`${partition.id}s`)).toEqual(ids);
    expect(await idsIn(`${partition.id}l`)).toEqual(["late"]);
  });

  it("keeps the index of rare categories", async () => {
    const partition = await filled();
    await sealPartition(databases, partition);
    const { results } = (await databases[0]?.binding
      .prepare(
        `EXPLAIN QUERY PLAN SELECT id FROM events_${partition.id}s WHERE rare IS NOT NULL AND rare = 2 ORDER BY occurred_at`,
      )
      .all<{ detail: string }>()) ?? { results: [] };
    expect(results.map(({ detail }) => detail).join()).toContain(`events_${partition.id}_rare`);
  });

  it("continues where it stopped after a failure at any of its steps", async () => {
    for (let number = 1; ; number++) {
      await emptyDatabases(databases);
      const partition = await filled();
      const failing = failingAt(number);
      const failed = await sealPartition(failing.databases, partition).then(
        () => false,
        () => true,
      );
      if (!failed) {
        expect(number).toBeGreaterThan(8);
        break;
      }
      await sealPartition(databases, await current());
      expect(await current()).toMatchObject({ state: "sealed", late: true });
      expect(await idsIn(`${partition.id}s`)).toEqual(ids);
    }
  });

  it("twice has the same effect as once", async () => {
    const partition = await filled();
    await sealPartition(databases, partition);
    await sealPartition(databases, partition);
    await sealPartition(databases, await current());
    expect(await current()).toMatchObject({ state: "sealed" });
    expect(await idsIn(`${partition.id}s`)).toEqual(ids);
  });
});

describe("dropping a partition", () => {
  it.each(["open", "sealed"] as const)(
    "that is %s drops its tables, and keeps its late lane for later events",
    async (state) => {
      const partition = await filled();
      if (state === "sealed") await sealPartition(databases, partition);
      await dropPartition(databases, await current());
      const dropped = await current();
      expect(dropped).toMatchObject({ id: partition.id, state: "dropped", late: true });
      expect((await tableNames()).filter((name) => !name.endsWith(`_${partition.id}l`))).toEqual([]);
      expect(lanesToRead(dropped).map(({ suffix }) => suffix)).toEqual([`${partition.id}l`]);
      expect(laneToWrite(dropped).suffix).toBe(`${partition.id}l`);
      await store(databases, { events: [late] });
      expect(await idsIn(`${partition.id}l`)).toEqual(["late"]);
      expect((await partitionsOf(databases).latest()).partitions).toHaveLength(1);
    },
  );

  it("keeps the rows of its late lane", async () => {
    const partition = await filled();
    await sealPartition(databases, partition);
    await store(databases, { events: [late] });
    await dropPartition(databases, await current());
    expect(await idsIn(`${partition.id}l`)).toEqual(["late"]);
  });

  it("writes one row in each database, however many its tables hold: that pages are free", async () => {
    const partition = await filled();
    const metered = databases.map(meter);
    await dropTables(
      metered.map(({ database }) => database),
      partition,
    );
    expect(metered.map(({ cost }) => cost.written)).toEqual([1, 1, 1]);
    expect(await tableNames()).toEqual([]);
  });

  it("writes four more rows if the late lane exists: those of the map", async () => {
    await sealPartition(databases, await filled());
    const metered = databases.map(meter);
    await dropPartition(
      metered.map(({ database }) => database),
      await current(),
    );
    expect(metered.map(({ cost }) => cost.written)).toEqual([5, 1, 1]);
  });

  it("updates the map even if the partition was sealed after the map was read", async () => {
    const partition = await filled();
    await sealPartition(databases, partition);
    await dropPartition(databases, partition);
    expect(await current()).toMatchObject({ state: "dropped" });
    await store(databases, { events: [late] });
    expect(await idsIn(`${partition.id}l`)).toEqual(["late"]);
  });

  it("continues where it stopped after a failure at any of its steps, and readers never miss a table", async () => {
    for (let number = 1; ; number++) {
      await emptyDatabases(databases);
      const partition = await filled();
      const failing = failingAt(number);
      const failed = await dropPartition(failing.databases, partition).then(
        () => false,
        () => true,
      );
      for (const { suffix } of lanesToRead(await current())) await idsIn(suffix);
      const { state } = await current();
      // Or nobody would try again.
      if (state === "dropped") expect((await tableNames()).filter((name) => !name.endsWith("l"))).toEqual([]);
      if (!failed) {
        expect(number).toBeGreaterThan(8);
        break;
      }
      await dropPartition(databases, await current());
      expect(await current()).toMatchObject({ state: "dropped", late: true });
      expect((await tableNames()).filter((name) => !name.endsWith("l"))).toEqual([]);
    }
  });
});
