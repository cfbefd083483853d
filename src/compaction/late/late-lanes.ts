import type { Micros } from "../../model/time/time";
import { type Database, firstDatabase } from "../../storage/core/databases";
import { lateSuffix, type Partition } from "../../storage/partitions/partition";
import type { PartitionMap } from "../../storage/partitions/partition-map";
import { databasesSharing } from "../../storage/partitions/partition-tables";

/**
 * A dropped partition whose late lane holds rows and was last flushed before the given time, or null. An empty lane
 * is recorded as flushed now, so each lane is checked once per interval.
 *
 * @throws what D1 throws
 */
export async function partitionWithLateRows(
  databases: readonly Database[],
  map: PartitionMap,
  { dueBefore, now }: { dueBefore: Micros; now: Micros },
): Promise<Partition | null> {
  const first = firstDatabase(databases);
  const { results } = await first.binding
    .prepare(
      "SELECT partition_id AS id FROM compactions WHERE done = 1 GROUP BY 1 HAVING max(started_at) <= ?1 LIMIT 20",
    )
    .bind(dueBefore)
    .all<{ id: number }>();
  const due = new Set(results.map(({ id }) => id));
  for (const partition of map.partitions) {
    if (!due.has(partition.id) || partition.state !== "dropped" || !partition.late) continue;
    if (await hasLateRows(databases, partition)) return partition;
    await noteFlushed(first, partition.id, now);
  }
  return null;
}

async function hasLateRows(databases: readonly Database[], partition: Partition): Promise<boolean> {
  for (const { binding } of databasesSharing(databases, partition)) {
    const row = await binding.prepare(`SELECT 1 FROM events_${lateSuffix(partition)} LIMIT 1`).first();
    if (row !== null) return true;
  }
  return false;
}

/** Records when a late lane was found empty. */
export async function noteFlushed({ binding }: Database, partition: number, now: Micros): Promise<void> {
  await binding.prepare("UPDATE compactions SET started_at = ?2 WHERE partition_id = ?1").bind(partition, now).run();
}
