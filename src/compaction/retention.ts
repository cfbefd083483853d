import type { Micros } from "../model/time/time";
import type { ArchiveFile, ArchiveKind } from "../storage/archive/file/archive-file";
import { removeIndexStatement } from "../storage/archive/index-store";
import { filesByHour, removeFileStatement } from "../storage/archive/manifest";
import { type Database, firstDatabase } from "../storage/core/databases";
import { dropPartition } from "../storage/partitions/partition-lifecycle";
import { loadPartitionMap, NO_PARTITIONS } from "../storage/partitions/partition-records";
import type { CompactionWorld } from "./compaction-world";

/** The files that one run deletes at most. The next run continues. */
const MAX_FILES = 100;

const HOUR_SECONDS = 3_600;

/**
 * Deletes what is older than the settings allow: archive files, counted from the end of their hour, and partitions
 * in the databases, counted from their end. `retention_log` records what was deleted. Counts stay.
 *
 * @throws what D1 and R2 throw. Repeating it is harmless.
 */
export async function applyRetention(world: CompactionWorld, now: Micros): Promise<void> {
  const { eventsMicros, errorsMicros } = world.settings.retention;
  if (eventsMicros !== null) {
    await dropOldPartitions(world, now - eventsMicros, now);
    await deleteFiles(world, "events", now - eventsMicros, now);
  }
  if (errorsMicros !== null) await deleteFiles(world, "errors", now - errorsMicros, now);
}

/**
 * Drops partitions that end before the given time. All their rows go at once, whatever their number, and no row is
 * written.
 */
async function dropOldPartitions({ databases }: CompactionWorld, before: Micros, now: Micros): Promise<void> {
  const first = firstDatabase(databases);
  const map = await loadPartitionMap(first, NO_PARTITIONS);
  // A partition that is being copied is skipped: its files are deleted afterwards.
  const old = map.partitions.filter(({ state, ready, to }) => state === "open" && ready && to <= before);
  for (const partition of old) {
    const counted = await Promise.all(
      databases
        .filter(({ index }) => partition.databases.includes(index))
        .map(({ binding }) =>
          binding.prepare(`SELECT coalesce(sum(events), 0) AS rows FROM minutes_${partition.id}`).first<number>("rows"),
        ),
    );
    await dropPartition(databases, partition);
    const what = { partition: partition.id, from: partition.from, to: partition.to };
    await logDeletion(first, { at: now, kind: "events", what, rows: sum(counted), bytes: 0 });
  }
}

function sum(numbers: readonly (number | null)[]): number {
  return numbers.reduce<number>((all, one) => all + (one ?? 0), 0);
}

async function deleteFiles(
  { databases, archive }: CompactionWorld,
  kind: ArchiveKind,
  before: Micros,
  now: Micros,
): Promise<void> {
  if (archive === null) return;
  const first = firstDatabase(databases);
  const last = Math.floor(before / 1_000_000) - HOUR_SECONDS;
  const files = await filesByHour(first, { kind, partitions: null, first: 0, last, order: "asc", limit: MAX_FILES });
  if (files.length === 0) return;
  for (const file of files) await removeFile(databases, file);
  await archive.delete(files.map(({ key }) => key));
  const what = { files: files.length, from_hour: files[0]?.hour, to_hour: files.at(-1)?.hour };
  const rows = files.reduce((all, file) => all + file.rows, 0);
  const bytes = files.reduce((all, file) => all + file.bytes, 0);
  await logDeletion(first, { at: now, kind, what, rows, bytes });
}

/** Removes a file from the manifest, then from the session index, and then deletes the object. */
export async function removeFile(databases: readonly Database[], file: ArchiveFile): Promise<void> {
  const first = firstDatabase(databases);
  await first.binding.batch([removeFileStatement(first, file)]);
  const own = databases.find(({ index }) => index === file.database);
  if (own !== undefined && file.kind === "events") await own.binding.batch([removeIndexStatement(own, file)]);
}

interface Deletion {
  at: Micros;
  kind: ArchiveKind;
  what: Record<string, unknown>;
  rows: number;
  bytes: number;
}

async function logDeletion({ binding }: Database, { at, kind, what, rows, bytes }: Deletion): Promise<void> {
  await binding
    .prepare("INSERT INTO retention_log (at, kind, what, rows, bytes) VALUES (?1, ?2, ?3, ?4, ?5)")
    .bind(at, kind, JSON.stringify(what), rows, bytes)
    .run();
}
