import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { lateSuffix, openSuffix, sealedSuffix } from "../../../src/storage/partitions/partition";
import {
  createLateLane,
  createTables,
  databasesSharing,
  dropTables,
  rareIndexOf,
  sealStatements,
} from "../../../src/storage/partitions/partition-tables";
import { partitionOf } from "./sample-partition";

const databases = databasesOf(env);
const home = firstDatabase(databases);

let id = 1_000;
let partition = partitionOf();

beforeEach(() => {
  id += 1;
  partition = partitionOf({ id });
});

/** The tables of the partition, and its index of rare categories. */
async function tables(binding: D1Database = home.binding): Promise<string[]> {
  const { results } = await binding
    .prepare("SELECT name FROM sqlite_master WHERE name GLOB ?1 AND name NOT GLOB 'sqlite_*' ORDER BY name")
    .bind(`*_${id}*`)
    .all<{ name: string }>();
  return results.map(({ name }) => name);
}

const named = (suffix: string) => ["activity", "events", "minutes", "visits"].map((table) => `${table}_${suffix}`);

describe("the tables of a partition", () => {
  it("are created once, however often they are requested", async () => {
    await createTables(home, openSuffix(partition));
    await createTables(home, openSuffix(partition));
    expect(await tables()).toEqual([...named(`${id}`), `events_${id}_rare`].toSorted());
  });

  it("are renamed when it is sealed, and keep the name of their index", async () => {
    await createTables(home, openSuffix(partition));
    await home.binding.batch(sealStatements(home, partition));
    expect(await tables()).toEqual([...named(`${id}s`), `events_${id}_rare`].toSorted());
    const sealed = partitionOf({ id, state: "sealed" });
    expect(rareIndexOf({ partition: sealed, suffix: sealedSuffix(sealed) })).toBe(`events_${id}_rare`);
    expect(rareIndexOf({ partition: sealed, suffix: lateSuffix(sealed) })).toBe(`events_${id}l_rare`);
  });

  it("are dropped whether it is sealed or not, and dropping twice is harmless; those of the late lane stay", async () => {
    for (const suffix of [openSuffix, sealedSuffix, lateSuffix]) await createTables(home, suffix(partition));
    await dropTables(databases, partition);
    await dropTables(databases, partition);
    expect(await tables()).toEqual([...named(`${id}l`), `events_${id}l_rare`].toSorted());
  });
});

it("a late lane is created in each database that shares the partition, and in no other", async () => {
  await createLateLane(databases, partitionOf({ id, databases: [0, 2] }));
  const made = await Promise.all(databases.map(({ binding }) => tables(binding)));
  expect(made.map((found) => found.length)).toEqual([5, 0, 5]);
});

it("a partition in a database that is not bound is refused", () => {
  const sharing = databasesSharing(databases, partitionOf({ databases: [2, 0] }));
  expect(sharing.map(({ index }) => index)).toEqual([2, 0]);
  expect(() => databasesSharing(databases, partitionOf({ databases: [0, 7] }))).toThrow("DB_7 of partition 1");
});
