import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import type { Partition } from "../../../src/storage/partitions/partition";
import type { PartitionMap } from "../../../src/storage/partitions/partition-map";
import {
  addCommonCategories,
  addPartition,
  cutPartition,
  loadPartitionMap,
  loadPartitionMapWith,
  markLate,
  markReady,
  NO_PARTITIONS,
  stateStatements,
} from "../../../src/storage/partitions/partition-records";
import { emptyDatabases } from "../empty-databases";
import { HOUR, MINUTE, MORNING } from "../seed";
import { meter } from "../watched-database";

const databases = databasesOf(env);
const first = firstDatabase(databases);

beforeEach(() => emptyDatabases([first]));

const load = (known: PartitionMap = NO_PARTITIONS) => loadPartitionMap(first, known);

/** Adds a partition for a time, a few hours wide on both sides, limited by its neighbours. */
async function add(
  moment: number,
  hours = 1,
  changes: { databases?: number[]; now?: number } = {},
): Promise<Partition> {
  const range = { from: moment - hours * HOUR, to: moment + hours * HOUR };
  await addPartition(first, { moment, ...range, databases: [0, 2], slotMicros: 4_000_000, now: MORNING, ...changes });
  const partition = (await load()).find(moment);
  if (partition === null) throw new Error("it was not added");
  return partition;
}

const rangesOf = ({ partitions }: PartitionMap) => partitions.map(({ from, to }) => [from, to]);

describe("the map", () => {
  it("is read again only if its revision has changed", async () => {
    const partition = await add(MORNING);
    const map = await load();
    expect(await load(map)).toBe(map);
    for (const change of [
      () => markReady(first, partition),
      () => markLate(first, partition),
      () => addCommonCategories(first, partition, ["page"], MORNING),
      () => cutPartition(first, partition, MORNING + 30 * MINUTE),
      () => first.binding.batch(stateStatements(first, partition, "sealed")),
    ]) {
      const before = await load();
      await change();
      const after = await load(before);
      expect(after.revision).toBe(before.revision + 1);
      expect(after.partitions).not.toEqual(before.partitions);
    }
  });

  it("returns everything recorded for each partition", async () => {
    await add(MORNING);
    expect((await load()).partitions).toMatchObject([
      {
        ...{ from: MORNING - HOUR, to: MORNING + HOUR, databases: [0, 2], slotMicros: 4_000_000, state: "open" },
        ...{ late: false, ready: false, common: new Map() },
      },
    ]);
  });
});

describe("a new partition", () => {
  it("is limited by its neighbours, and overlaps none", async () => {
    await add(MORNING);
    await add(MORNING + 10 * HOUR);
    await add(MORNING + 5 * HOUR, 24);
    await add(MORNING - 2 * HOUR, 24);
    expect(rangesOf(await load())).toEqual([
      [MORNING - 26 * HOUR, MORNING - HOUR],
      [MORNING - HOUR, MORNING + HOUR],
      [MORNING + HOUR, MORNING + 9 * HOUR],
      [MORNING + 9 * HOUR, MORNING + 11 * HOUR],
    ]);
  });

  it("is not added for a time that is covered, to the microsecond", async () => {
    await add(MORNING);
    for (const moment of [MORNING - HOUR, MORNING, MORNING + HOUR - 1]) await add(moment);
    expect(await load()).toMatchObject({ partitions: { length: 1 } });
    await add(MORNING + HOUR);
    await add(MORNING - HOUR - 1);
    expect(rangesOf(await load())).toEqual([
      [MORNING - 2 * HOUR - 1, MORNING - HOUR],
      [MORNING - HOUR, MORNING + HOUR],
      [MORNING + HOUR, MORNING + 2 * HOUR],
    ]);
  });

  it("has the common categories of the one that starts last, from its first event on", async () => {
    const one = await add(MORNING);
    await addCommonCategories(first, one, ["page", "constructor"], MORNING + 5);
    const two = await add(MORNING + 10 * HOUR, 1, { now: MORNING + HOUR });
    expect(two.common).toEqual(
      new Map([
        ["page", 0],
        ["constructor", 0],
      ]),
    );
    await addCommonCategories(first, two, ["form"], MORNING + 6);
    // An older one made later, as for an import.
    const three = await add(MORNING - 10 * HOUR, 1, { now: MORNING + 2 * HOUR });
    expect([...three.common].toSorted()).toEqual([
      ["constructor", 0],
      ["form", 0],
      ["page", 0],
    ]);
  });
});

describe("common categories", () => {
  it("keep the time that was recorded first", async () => {
    const partition = await add(MORNING);
    await addCommonCategories(first, partition, ["a"], MORNING);
    await addCommonCategories(first, partition, ["a", "b"], MORNING + 1);
    await addCommonCategories(first, partition, ["a", "b"], MORNING - 1);
    expect((await load()).partitions[0]?.common).toEqual(
      new Map([
        ["a", MORNING],
        ["b", MORNING + 1],
      ]),
    );
  });

  it("can have a name that every object has as a member", async () => {
    const partition = await add(MORNING);
    const names = ["constructor", "prototype", "toString", 'quoted " \\', "日本"];
    await addCommonCategories(first, partition, names, MORNING);
    await addCommonCategories(first, partition, ["__proto__"], MORNING);
    expect([...((await load()).partitions[0]?.common.keys() ?? [])].toSorted()).toEqual(
      ["__proto__", ...names].toSorted(),
    );
  });
});

describe("cutPartition", () => {
  it("moves the end forward, and never back or before the start", async () => {
    const partition = await add(MORNING);
    await cutPartition(first, partition, MORNING + 30 * MINUTE);
    await cutPartition(first, partition, MORNING + 45 * MINUTE);
    await cutPartition(first, partition, MORNING - HOUR);
    expect(rangesOf(await load())).toEqual([[MORNING - HOUR, MORNING + 30 * MINUTE]]);
  });

  it("leaves a gap that the next partition fills up to its neighbour", async () => {
    const partition = await add(MORNING);
    await add(MORNING + 2 * HOUR);
    await cutPartition(first, partition, MORNING + 30 * MINUTE);
    await add(MORNING + 31 * MINUTE, 24);
    expect(rangesOf(await load())).toEqual([
      [MORNING - HOUR, MORNING + 30 * MINUTE],
      [MORNING + 30 * MINUTE, MORNING + HOUR],
      [MORNING + HOUR, MORNING + 3 * HOUR],
    ]);
  });
});

it("a state is recorded only if the state it started from is current, except for archiving and dropping", async () => {
  const open = await add(MORNING);
  const record = (from: Partition, next: Partition["state"]) => first.binding.batch(stateStatements(first, from, next));
  const stateNow = async () => (await load()).partitions[0]?.state;
  await record({ ...open, state: "archived" }, "sealed");
  expect(await stateNow()).toBe("open");
  await record(open, "sealed");
  expect(await stateNow()).toBe("sealed");
  await record(open, "archived");
  expect(await stateNow()).toBe("archived");
  await record(open, "sealed");
  expect(await stateNow()).toBe("archived");
  await record(open, "dropped");
  expect(await stateNow()).toBe("dropped");
  await record(open, "archived");
  expect(await stateNow()).toBe("dropped");
});

it("loads a map with the results of other statements", async () => {
  await add(MORNING);
  const others = [1, 2].map((n) => first.binding.prepare("SELECT ?1 AS n").bind(n));
  const { map, results } = await loadPartitionMapWith(first, NO_PARTITIONS, others);
  expect(map.find(MORNING)).not.toBeNull();
  expect(results.map((one) => one.results)).toEqual([[{ n: 1 }], [{ n: 2 }]]);
  expect((await loadPartitionMapWith(first, map, others)).map).toBe(map);
});

it("loading an unchanged map reads one row", async () => {
  await add(MORNING);
  const map = await load();
  const { database, cost } = meter(first);
  expect(await loadPartitionMap(database, map)).toBe(map);
  expect(cost.read).toBe(1);
});
