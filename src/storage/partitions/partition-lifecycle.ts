import { type Database, firstDatabase } from "../core/databases";
import type { Partition } from "./partition";
import { markLate, stateStatements } from "./partition-records";
import { createLateLane, databasesSharing, dropTables, sealStatements } from "./partition-tables";

/**
 * Closes a partition: its tables are renamed, so that no writer finds them, and later events go to its late lane. A
 * writer with an older map fails as a whole ("no such table"), reads the map again and uses the late lane.
 *
 * @throws what D1 throws. A repeat continues where the failed call stopped.
 */
export async function sealPartition(databases: readonly Database[], partition: Partition): Promise<void> {
  if (partition.state !== "open") return;
  // A consumer that completes its tables meanwhile would create open ones beside the renamed ones, where no reader
  // looks.
  if (!partition.ready) throw new Error(`partition ${partition.id} is not ready: its tables are still being created`);
  const first = firstDatabase(databases);
  await createLateLane(databases, partition);
  await markLate(first, partition);
  for (const database of databasesSharing(databases, partition)) {
    if (await hasOpenTables(database, partition)) await database.binding.batch(sealStatements(database, partition));
  }
  await first.binding.batch(stateStatements(first, partition, "sealed"));
}

async function hasOpenTables({ binding }: Database, { id }: Partition): Promise<boolean> {
  const row = await binding.prepare("SELECT 1 FROM sqlite_master WHERE name = ?1").bind(`events_${id}`).first();
  return row !== null;
}

/**
 * Drops the tables of a partition, whatever its state. Its row in the map stays, so that later events for its range
 * go to its late lane and no new partition is created for it.
 *
 * @throws what D1 throws. Repeating it is harmless. Until it succeeds the partition is `archived`, which the compactor and the
 * retention drop again.
 */
export async function dropPartition(databases: readonly Database[], partition: Partition): Promise<void> {
  const first = firstDatabase(databases);
  if (!partition.late) {
    await createLateLane(databases, partition);
    await markLate(first, partition);
  }
  // Before the tables: from here on no reader uses them.
  if (partition.state === "open" || partition.state === "sealed") {
    await first.binding.batch(stateStatements(first, partition, "archived"));
  }
  await dropTables(databases, partition);
  await first.binding.batch(stateStatements(first, partition, "dropped"));
}
