import { configOf } from "../../model/configuration";
import type { Micros } from "../../model/time/time";
import { type Database, databasesOf, firstDatabase } from "../core/databases";
import { DEFAULT_SLOT_MICROS, openSuffix, type Partition } from "./partition";
import type { PartitionMap } from "./partition-map";
import { plannedSlot, plannedWidth, rangeFor } from "./partition-plan";
import { addPartition, loadPartitionMap, markLate, markReady, NO_PARTITIONS } from "./partition-records";
import { createLateLane, createTables, databasesSharing } from "./partition-tables";
import { trafficOfNext } from "./recent-traffic";

/**
 * How long a consumer uses the partition map that it has read. Changes to the map take effect later than that: a new
 * end, a category that becomes common.
 */
export const MAX_MAP_AGE_MS = 30_000;

/** After a change of the map, the time during which a consumer may still use the map before it. */
export const MAP_LEAD_MICROS: Micros = 60_000_000;

export interface PartitionSettings {
  /** A fixed width for regular partitions in microseconds, for trials and tests; null to choose it by traffic. */
  widthMicros: Micros | null;
}

/** Reads the partition map, and creates missing partitions. */
export interface PartitionStore {
  /** The map, at most MAX_MAP_AGE_MS old. */
  current(): Promise<PartitionMap>;
  /** The current map: for readers, and for writers that found theirs to be out of date. */
  latest(): Promise<PartitionMap>;
  /** A map in which a partition with existing tables covers each of the given times. */
  covering(moments: Iterable<Micros>): Promise<PartitionMap>;
}

/**
 * @param now milliseconds since 1970
 * @throws all of its functions throw what D1 throws if the first database, or one that shares a new partition, is
 * unreachable
 */
export function createPartitionStore(
  databases: readonly Database[],
  settings: PartitionSettings = { widthMicros: null },
  now: () => number = Date.now,
): PartitionStore {
  let known = NO_PARTITIONS;
  let readAt = Number.NEGATIVE_INFINITY;

  async function latest(): Promise<PartitionMap> {
    const startedAt = now();
    const read = await loadPartitionMap(firstDatabase(databases), known);
    if (read.revision >= known.revision) {
      known = read;
      readAt = Math.max(readAt, startedAt);
    }
    return read;
  }

  async function current(): Promise<PartitionMap> {
    return now() - readAt < MAX_MAP_AGE_MS ? known : latest();
  }

  async function covering(moments: Iterable<Micros>): Promise<PartitionMap> {
    const wanted = [...moments];
    let map = await current();
    if (wanted.every((moment) => isUsable(map.find(moment)))) return map;
    map = await latest();
    for (const moment of wanted) {
      if (map.find(moment) === null) {
        const planned = await planPartition(databases, map, moment, { now: now() * 1_000, settings });
        await addPartition(firstDatabase(databases), planned);
        map = await latest();
      }
      const partition = map.find(moment);
      if (partition === null) throw new Error(`no partition was made for ${moment}`);
      if (!isUsable(partition)) {
        await completeTables(databases, partition);
        map = await latest();
      }
    }
    return map;
  }

  return { current, latest, covering };
}

/** True if an event of the partition can be written: its tables exist, or those of its late lane if it is closed. */
function isUsable(partition: Partition | null): boolean {
  if (partition === null) return false;
  return partition.ready && (partition.state === "open" || partition.late);
}

/** Creates the missing tables of a partition. Repeating it, also from two consumers at once, is harmless. */
async function completeTables(databases: readonly Database[], partition: Partition): Promise<void> {
  if (!partition.ready) {
    for (const database of databasesSharing(databases, partition)) {
      await createTables(database, openSuffix(partition));
    }
    await markReady(firstDatabase(databases), partition);
  }
  if (partition.state !== "open" && !partition.late) {
    await createLateLane(databases, partition);
    await markLate(firstDatabase(databases), partition);
  }
}

/** The partition to create for a time that no partition covers. */
async function planPartition(
  databases: readonly Database[],
  map: PartitionMap,
  moment: Micros,
  { now, settings }: { now: Micros; settings: PartitionSettings },
) {
  const { shared, traffic } = await trafficOfNext(databases, map, now);
  if (shared.length === 0) throw new Error("D1 is overloaded: no database has room for a new partition");
  const range = rangeFor(moment, now, settings.widthMicros ?? plannedWidth(traffic));
  // Recent traffic says nothing about the years of imports.
  const slotMicros = range.to > now ? plannedSlot(traffic) : DEFAULT_SLOT_MICROS;
  return { moment, ...range, databases: shared.map(({ index }) => index), slotMicros, now };
}

const stores = new WeakMap<object, PartitionStore>();

/** The isolate's store for the databases of an environment. */
export function isolatePartitions(env: Env): PartitionStore {
  const known = stores.get(env.DB);
  if (known !== undefined) return known;
  const store = createPartitionStore(databasesOf(env), { widthMicros: configOf(env).partitionMicros });
  stores.set(env.DB, store);
  return store;
}
