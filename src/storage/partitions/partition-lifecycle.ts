import { type Database, firstDatabase } from "../core/databases";
import type { Partition } from "./partition";
import { markLate, stateStatements } from "./partition-records";
import { createLateLane, databasesSharing, dropTables, sealStatements } from "./partition-tables";

/**
 * Closes a partition: its tables are renamed, so that no writer finds them, and later events go to its late lane. A writer
 * that goes by an older map fails as a whole ("no such table"), reads the map again and takes the late lane.
 *
 * @throws what D1 throws. Repeated after a failure it goes on where it stood.
 */
export async function sealPartition(databases: readonly Database[], partition: Partition): Promise<void> {
  if (partition.state !== "open") return;
  // Whoever completes its tables meanwhile would make open ones beside the renamed ones, where no reader looks.
  if (!partition.ready) throw new Error(`partition ${partition.id} is not ready: its tables are still being made`);
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
 * Drops what a partition holds, whatever its state is. Its row in the map stays, so that events which come later for its
 * range go to its late lane and nothing is made anew for it.
 *
 * @throws what D1 throws. Harmless when repeated.
 */
export async function dropPartition(databases: readonly Database[], partition: Partition): Promise<void> {
  const first = firstDatabase(databases);
  if (!partition.late) {
    await createLateLane(databases, partition);
    await markLate(first, partition);
  }
  // Readers first: from here on nobody asks for the tables.
  await first.binding.batch(stateStatements(first, partition, "dropped"));
  await dropTables(databases, partition);
}
