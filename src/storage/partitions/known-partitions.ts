import { type Database, firstDatabase } from "../core/databases";
import { orQueryError } from "../core/reader";
import { messageOf } from "../core/transport-errors";
import { sealedSuffix } from "./partition";
import { PartitionMap } from "./partition-map";
import { loadPartitionMapWith, NO_PARTITIONS } from "./partition-records";

/** The map that an isolate read last, for each first database. */
const known = new WeakMap<D1Database, PartitionMap>();

/** Clears the cache for a database, for one that was emptied or restored under a running isolate, as tests do. */
export function forgetPartitions({ binding }: Database): void {
  known.delete(binding);
}

/**
 * The current partition map, for readers. One row read if nothing has changed.
 *
 * @param database the first database
 * @throws DrizzleQueryError
 */
export async function readPartitionMap(database: Database): Promise<PartitionMap> {
  return (await readPartitionMapWith(database, [])).map;
}

/**
 * The current partition map, and the results of other statements of the first database: one call if the map has not
 * changed.
 *
 * @throws DrizzleQueryError
 */
export async function readPartitionMapWith(
  database: Database,
  others: readonly D1PreparedStatement[],
): Promise<{ map: PartitionMap; results: D1Result[] }> {
  const before = known.get(database.binding) ?? NO_PARTITIONS;
  const read = await orQueryError(loadPartitionMapWith(database, before, others), "the partition map");
  known.set(database.binding, read.map);
  return read;
}

/**
 * Matches the error of a query for tables that were renamed or dropped after the map was read, or for an archive
 * file that was rewritten or deleted after its manifest was read.
 */
const IS_OUT_OF_DATE = /no such table: (events|activity|visits|minutes)_\w+|the archive file \S+ is gone/;

/** True if a query failed because a partition was sealed or dropped after the map was read. */
export function isTableGone(thrown: unknown): boolean {
  return IS_OUT_OF_DATE.test(messageOf(thrown));
}

/** The delays before a query is retried. The first retries follow at once: the map was out of date. */
const WAITS_MS = [0, 200, 500];

/**
 * Runs a query over partitions, and repeats it with a newer map if one of them was sealed or dropped meanwhile.
 *
 * @param read the map, if the request has read it already; it is not read again at first
 * @throws what the query throws, and DrizzleQueryError
 */
export function withPartitions<Result>(
  databases: readonly Database[],
  query: (map: PartitionMap) => Promise<Result>,
  read?: PartitionMap,
): Promise<Result> {
  let isRetry = false;
  return retryOutOfDate(async () => {
    const map = isRetry || read === undefined ? await readPartitionMap(firstDatabase(databases)) : read;
    if (isRetry) return query(await withRenamed(databases, map));
    isRetry = true;
    return query(map);
  });
}

/**
 * A map that also says where the tables of a partition are renamed already. While a partition is being sealed, its
 * tables are renamed in one database after the other, and the map is updated last. If the compactor stops in between,
 * this lasts until it continues.
 */
async function withRenamed(databases: readonly Database[], map: PartitionMap): Promise<PartitionMap> {
  const names = await Promise.all(
    databases.map(async ({ binding }) => {
      const found = orQueryError(binding.prepare(SEALED_TABLES).all<{ name: string }>(), "the names of tables");
      return new Set((await found).results.map(({ name }) => name));
    }),
  );
  const partitions = map.partitions.map((partition) => {
    if (partition.state !== "open") return partition;
    const table = `events_${sealedSuffix(partition)}`;
    const renamedIn = databases.flatMap(({ index }, place) => (names[place]?.has(table) === true ? [index] : []));
    return renamedIn.length === 0 ? partition : { ...partition, renamedIn: new Set(renamedIn) };
  });
  return new PartitionMap(map.revision, partitions);
}

/** The sealed tables of events. A handful: only one partition is moved at a time. */
const SEALED_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'events_[0-9]*s'";

/**
 * Runs a query, and repeats it if a table or an archive file that it had been referred to is gone.
 *
 * @throws what the query throws
 */
export async function retryOutOfDate<Result>(query: () => Promise<Result>): Promise<Result> {
  for (const wait of WAITS_MS) {
    try {
      return await query();
    } catch (thrown) {
      if (!isTableGone(thrown)) throw thrown;
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
  return query();
}
