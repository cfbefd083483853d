import type { Micros } from "../model/time/time";
import { hourOf } from "../model/time/units";
import type { ArchiveBucket } from "../storage/archive/archive-bucket";
import { EventFileWriter } from "../storage/archive/file/event-file";
import { FILE_LIMITS, type FileLimits } from "../storage/archive/limits";
import { addFileStatement } from "../storage/archive/manifest";
import { clearNote, expectNoted } from "../storage/archive/pending-objects";
import { type Database, firstDatabase } from "../storage/core/databases";
import { fenceStatement } from "../storage/erasures/erasure-fence";
import { createErasureSource, type ErasureSource } from "../storage/erasures/erasure-source";
import { type Partition, sealedSuffix } from "../storage/partitions/partition";
import { databasesSharing } from "../storage/partitions/partition-tables";
import { advanceStatement, markCopied, type Progress, readProgress, standsAt } from "./compaction-records";
import { belongingOf } from "./late/late-events";
import { nextMoment, type RowPlace, readTableRows } from "./read-rows";
import { storeFile } from "./store-file";

/**
 * Copies the next file of a sealed partition: the remaining rows of an hour in one of its databases, or as many as
 * fit into a file. A repeat after a failure makes the same file under the same name.
 *
 * @returns the number of rows copied, or null once all rows of all databases are copied
 * @throws what D1 and R2 throw
 */
export async function copyNextFile(
  databases: readonly Database[],
  archive: ArchiveBucket,
  partition: Partition,
  { now, limits = FILE_LIMITS }: { now: Micros; limits?: FileLimits },
): Promise<number | null> {
  const first = firstDatabase(databases);
  const progress = await readProgress(first, partition.id);
  const next = progress.find(({ done }) => !done);
  if (next === undefined) return null;
  const database = databasesSharing(databases, partition).find(({ index }) => index === next.database);
  if (database === undefined) throw new Error(`partition ${partition.id} has no database ${next.database}`);
  const erasures = createErasureSource(first);
  const copied = await writeFile(database, partition, next, { limits, erasures });
  if (copied === null) {
    await markCopied(first, partition.id, database.index);
    return 0;
  }
  const { writer, end, hour, revision } = copied;
  // All remaining rows of the hour are erased and about to be deleted, so the next step starts after them.
  if (writer.rows === 0) {
    await first.binding.batch([advanceStatement(first, partition.id, next, end, 0)]);
    return 0;
  }
  const place = { kind: "events" as const, partition: partition.id, generation: 0, hour, finished: true };
  const file = await storeFile(archive, { databases, database, now }, writer.finish(), place);
  await first.binding.batch([
    // Fails if anything was erased since the rows were read. They are then copied again without it.
    fenceStatement(first.binding, revision),
    // If another consumer has copied these rows meanwhile, its file holds them, even if an erasure made that file
    // different.
    expectNoted(first, file),
    addFileStatement(first, file, { now, condition: standsAt(partition.id, next) }),
    clearNote(first, file),
    advanceStatement(first, partition.id, next, end, file.rows),
  ]);
  return file.rows;
}

/** Reads rows into a file until its hour ends or the file is full. Returns null if no rows are left. */
async function writeFile(
  database: Database,
  partition: Partition,
  { copied }: Progress,
  { limits, erasures }: { limits: FileLimits; erasures: ErasureSource },
): Promise<{ writer: EventFileWriter; end: RowPlace; hour: number; revision: number } | null> {
  const suffix = sealedSuffix(partition);
  const moment = await nextMoment(database, suffix, copied);
  if (moment === null) return null;
  const hour = hourOf(moment);
  const endSlot = ((hour + 3_600) * 1_000_000) / partition.slotMicros;
  const writer = new EventFileWriter(limits);
  let revision = (await erasures.check([])).revision;
  for (let end = copied; ; ) {
    const rows = await readTableRows(database, suffix, end, endSlot);
    const check = await erasures.check(rows.map(({ event }) => belongingOf(event)));
    revision = Math.min(revision, check.revision);
    for (const { place, event } of rows) {
      if (writer.isFull) break;
      if (!check.isErased(belongingOf(event))) writer.add(event);
      end = place;
    }
    if (end !== null && (rows.length === 0 || writer.isFull)) return { writer, end, hour, revision };
    if (rows.length === 0) throw new Error(`the rows of partition ${partition.id} changed while they were copied`);
  }
}

/**
 * Checks that all rows of a sealed partition are in the archive: in each database, the files hold as many rows as
 * the table, and no more than were counted. (An erasure does not change the counts.) Reads one row for each event.
 *
 * @returns a description of the difference, or null if there is none
 * @throws what D1 throws
 */
export async function findDifference(databases: readonly Database[], partition: Partition): Promise<string | null> {
  const { results } = await firstDatabase(databases)
    .binding.prepare(
      `SELECT database, sum(rows) AS rows FROM archive_files
       WHERE partition_id = ?1 AND kind = 'events' AND generation = 0 GROUP BY database`,
    )
    .bind(partition.id)
    .all<{ database: number; rows: number }>();
  const archived = new Map(results.map(({ database, rows }) => [database, rows]));
  const suffix = sealedSuffix(partition);
  for (const { index, binding } of databasesSharing(databases, partition)) {
    const held = await binding
      .prepare(
        `SELECT (SELECT count(*) FROM events_${suffix}) AS rows, (SELECT coalesce(sum(events), 0) FROM minutes_${suffix}) AS counted`,
      )
      .first<{ rows: number; counted: number }>();
    const rows = archived.get(index) ?? 0;
    if (held?.rows !== rows || held.counted < rows) {
      return `database ${index}: ${rows} rows in files, ${held?.rows} in the table, ${held?.counted} counted`;
    }
  }
  return null;
}
