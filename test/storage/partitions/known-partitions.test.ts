import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { beforeEach, describe, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { withPartitions } from "../../../src/storage/partitions/known-partitions";
import { sealPartition } from "../../../src/storage/partitions/partition-lifecycle";
import type { PartitionMap } from "../../../src/storage/partitions/partition-map";
import { chainsOf, laneTable, readAll } from "../../../src/storage/scan/lane-chains";
import { emptyDatabases } from "../empty-databases";
import { changedDatabase } from "../failing-database";
import { eventRow, MORNING, partitionsOf, store } from "../seed";

const databases = databasesOf(env);

beforeEach(async () => {
  await emptyDatabases(databases);
  await store(databases, { events: [eventRow()] });
});

/** The number of events in the places that a map gives. */
async function countBy(map: PartitionMap, asked = databases): Promise<number> {
  const statements = chainsOf(asked, map.partitions).flatMap(({ database, lanes }) =>
    lanes.map((lane) => ({ database, statement: sql`SELECT count(*) AS n FROM ${laneTable("events", lane)}` })),
  );
  const rows = await readAll<{ n: number }>(statements);
  return rows.flat().reduce((sum, { n }) => sum + n, 0);
}

async function morning() {
  const partition = (await partitionsOf(databases).latest()).find(MORNING);
  if (partition === null) throw new Error("The morning has no partition.");
  return partition;
}

describe("withPartitions", () => {
  it("begins with the map that the request has read, and repeats the query with a newer one", async () => {
    const old = await withPartitions(databases, async (map) => map);
    await sealPartition(databases, await morning());
    const asked: PartitionMap[] = [];
    const ask = (map: PartitionMap) => {
      asked.push(map);
      return countBy(map);
    };
    expect(await withPartitions(databases, ask, old)).toBe(1);
    expect(asked[0]).toBe(old);
    expect(asked[1]?.revision).toBeGreaterThan(old.revision);
  });

  it("repeats the query with a newer map if a partition is sealed after its map was read", async () => {
    const partition = await morning();
    let asked = 0;
    const count = await withPartitions(databases, async (map) => {
      asked += 1;
      if (asked === 1) await sealPartition(databases, partition);
      return countBy(map);
    });
    expect([count, asked]).toEqual([1, 2]);
  });

  it("finds the renamed tables of a partition that is being sealed: the map changes last", async () => {
    const partition = await morning();
    let asked = 0;
    const count = await withPartitions(databases, async (map) => {
      asked += 1;
      if (asked === 1) {
        await sealPartition(databases, partition);
        await setState("open");
      }
      return countBy(map);
    });
    expect([count, asked]).toEqual([1, 2]);
  });

  it("does not repeat the query after another failure", async () => {
    let asked = 0;
    const failing = withPartitions(databases, () => {
      asked += 1;
      return Promise.reject(new Error("D1_ERROR: no such table: errors"));
    });
    await expect(failing).rejects.toThrow("no such table: errors");
    expect(asked).toBe(1);
  });

  it("reads from the primary if a replica lacks a table", async () => {
    const behind = databases.map((database) =>
      changedDatabase(database, {
        withSession: (constraint) => {
          if (constraint === "first-primary") return database.binding.withSession(constraint);
          const session = database.binding.withSession(constraint);
          return Object.assign(Object.create(session), {
            prepare: (query: string) => session.prepare(query),
            batch: () => Promise.reject(new Error("D1_ERROR: no such table: events_1: SQLITE_ERROR")),
          });
        },
      }),
    );
    expect(await withPartitions(behind, (map) => countBy(map, behind))).toBe(1);
  });
});

/** Like the last step of `sealPartition`, or the state before it. */
async function setState(state: string): Promise<void> {
  const { binding } = firstDatabase(databases);
  await binding.batch([
    binding.prepare("UPDATE partitions SET state = ?1").bind(state),
    binding.prepare("UPDATE revisions SET revision = revision + 1 WHERE name = 'partitions'"),
  ]);
}
