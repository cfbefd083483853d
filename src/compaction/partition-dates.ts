import type { Micros } from "../model/time/time";
import { type Database, firstDatabase } from "../storage/core/databases";
import { partitionOfTable } from "../storage/erasures/scrub/erased-remainders";
import { FILLED_BYTES } from "../storage/erasures/scrub/free-space";
import type { Partition } from "../storage/partitions/partition";
import type { PartitionMap } from "../storage/partitions/partition-map";
import type { CompactionSettings } from "./compaction-settings";
import { awaitedCopies } from "./erasure/await-copies";

/** D1 returns the database's size with every result. */
async function bytesOf({ binding }: Database): Promise<number> {
  const { results, meta } = await binding.prepare(FILLED_BYTES).all<{ filled: number }>();
  return meta.size_after - (results[0]?.filled ?? 0);
}

/**
 * The next partition to seal, or null. It is the oldest one whose hot window is over; if there is none, the oldest
 * closed one of a database that is too large. A thorough erasure ends the hot window of partitions with copies.
 *
 * The window counts from the partition's end. For a partition that was made after its end, for example by an import
 * of old data, it counts from its creation, because an import takes a while.
 *
 * @throws what D1 throws
 */
export async function partitionToSeal(
  databases: readonly Database[],
  map: PartitionMap,
  settings: CompactionSettings,
  now: Micros,
): Promise<Partition | null> {
  const { hotMicros, graceMicros, hotBytes } = settings;
  const open = map.partitions.filter(({ state, ready }) => state === "open" && ready);
  const made = await creations(firstDatabase(databases));
  const ageOf = ({ id, to }: Partition) => now - Math.max(to, made.get(id) ?? to);
  const awaited = new Set((await awaitedCopies(databases)).map(({ table }) => partitionOfTable(table)?.id));
  const hotFor = ({ id }: Partition) => (awaited.has(id) ? hurriedHotMicros(settings) : hotMicros);
  const isDue = (partition: Partition) => partition.to <= now && ageOf(partition) >= hotFor(partition);
  const due = open.find(isDue);
  if (due !== undefined) return due;
  // Waits a few minutes for queued events: if the partition were sealed at once, the last events of its last hour
  // would all be late.
  const closed = open.filter((partition) => partition.to <= now && ageOf(partition) >= graceMicros);
  if (closed.length === 0) return null;
  const bytes = new Map<number, number>();
  for (const database of databases) bytes.set(database.index, await bytesOf(database));
  return closed.find(({ databases: shared }) => shared.some((index) => (bytes.get(index) ?? 0) > hotBytes)) ?? null;
}

/** The hot window of a partition that a thorough erasure waits for: only queued events are waited for. */
export function hurriedHotMicros({ hotMicros, graceMicros }: CompactionSettings): Micros {
  return Math.min(hotMicros, graceMicros);
}

/**
 * The time at which the settings let a partition be dropped: when it has left its hot window and the grace is over, or because
 * of a retention of all events. It may be dropped earlier, if a database is too large.
 *
 * @param made when it was created, if it still has tables
 * @returns null if nothing drops it: there is neither an archive nor such a retention
 */
export function dropTime(
  { to }: Partition,
  made: Micros | undefined,
  { hotMicros, graceMicros, retention }: CompactionSettings,
  hasArchive: boolean,
): Micros | null {
  const times = [
    ...(hasArchive ? [Math.max(to, made ?? to) + hotMicros + graceMicros] : []),
    ...(retention.eventsMicros === null ? [] : [to + retention.eventsMicros]),
  ];
  return times.length === 0 ? null : Math.min(...times);
}

/** When the partitions that still have tables were created, by their ids. @throws what D1 throws */
export async function creations({ binding }: Database): Promise<Map<number, Micros>> {
  const { results } = await binding
    .prepare("SELECT partition_id AS id, created_at AS made FROM partitions WHERE state <> 'dropped'")
    .all<{ id: number; made: Micros }>();
  return new Map(results.map(({ id, made }) => [id, made]));
}
