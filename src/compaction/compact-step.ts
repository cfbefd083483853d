import type { Micros } from "../model/time/time";
import { unfinishedFiles } from "../storage/archive/manifest";
import { deleteAbandonedObjects } from "../storage/archive/pending-objects";
import { type Database, firstDatabase } from "../storage/core/databases";
import { partitionOfTable } from "../storage/erasures/scrub/erased-remainders";
import type { Partition } from "../storage/partitions/partition";
import { dropPartition, sealPartition } from "../storage/partitions/partition-lifecycle";
import type { PartitionMap } from "../storage/partitions/partition-map";
import { loadPartitionMap, NO_PARTITIONS, stateStatements } from "../storage/partitions/partition-records";
import { archiveErrors } from "./archive-errors";
import type { CompactionIo } from "./compaction-io";
import { beginProgress, noteFailure, readProgress } from "./compaction-records";
import { copyNextFile, findDifference } from "./copy-partition";
import { awaitedCopies } from "./erasure/await-copies";
import { finishRemainders } from "./erasure/finish-remainders";
import { finishLateFile, flushLateRows } from "./late/flush-late";
import { noteFlushed, partitionWithLateRows } from "./late/late-lanes";
import { partitionToSeal } from "./partition-dates";

/** What a step did. `waiting` means that nothing is due. */
export type StepResult =
  | { did: "sealed" | "copied" | "archived" | "dropped" | "flushed" | "finished"; partition: number; rows: number }
  /** Errors do not belong to a partition. */
  | { did: "moved_errors"; partition: 0; rows: number }
  /** Removed copies of erased rows. The partition is 0 for errors. */
  | { did: "scrubbed"; partition: number; rows: 0 }
  /** Deleted objects that a crash left in the archive. */
  | { did: "cleared"; partition: 0; rows: 0 }
  | { did: "waiting" };

const WAITING: StepResult = { did: "waiting" };

/**
 * Runs the compactor's next step, whose work is bounded: it seals a partition, copies one of its files, publishes it, drops it,
 * moves errors, flushes part of a late lane, removes copies of erased rows, or deletes abandoned objects. The stored state
 * alone determines the next step, so failed, repeated and concurrent steps do no harm.
 *
 * ```
 * open ──its hot window is over──▶ sealed ──grace, all files copied, checked──▶ archived ──▶ dropped
 * ```
 *
 * @throws what D1 and R2 throw
 */
export async function compactStep(io: CompactionIo, now: Micros): Promise<StepResult> {
  const { databases, archive } = io;
  if (archive === null) return scrub(databases, now);
  const map = await loadPartitionMap(firstDatabase(databases), NO_PARTITIONS);
  const [unfinished] = await unfinishedFiles(firstDatabase(databases), 1);
  if (unfinished !== undefined) {
    await finishLateFile(databases, archive, map, unfinished);
    return { did: "finished", partition: unfinished.partition, rows: unfinished.rows };
  }
  // Only one partition is processed at a time: the next is sealed after this one is dropped.
  const underWay = map.partitions.find(({ state }) => state === "archived" || state === "sealed");
  if (underWay?.state === "archived") return drop(io, underWay);
  if (underWay?.state === "sealed") {
    const result = await copyOrPublish(io, underWay, now);
    if (result.did !== "waiting") return result;
  } else {
    const due = await partitionToSeal(databases, map, io.settings, now);
    if (due !== null) {
      await sealPartition(databases, due);
      return { did: "sealed", partition: due.id, rows: 0 };
    }
  }
  const errors = await moveErrors(io, now);
  if (errors !== null) return { did: "moved_errors", partition: 0, rows: errors };
  const flushed = await flush(io, map, now);
  if (flushed.did !== "waiting") return flushed;
  const scrubbed = await scrub(databases, now);
  if (scrubbed.did !== "waiting") return scrubbed;
  const cleared = await deleteAbandonedObjects(databases, archive, now);
  return cleared === 0 ? WAITING : { did: "cleared", partition: 0, rows: 0 };
}

/** After everything else, so that no failure of it keeps partitions in the databases. */
async function scrub(databases: readonly Database[], now: Micros): Promise<StepResult> {
  const partition = await finishRemainders(databases, now);
  return partition === null ? WAITING : { did: "scrubbed", partition, rows: 0 };
}

function moveErrors({ databases, archive, settings }: CompactionIo, now: Micros): Promise<number | null> {
  if (archive === null) return Promise.resolve(null);
  const { hotMicros, everyMicros } = settings.errors;
  const before = Math.floor((now - hotMicros) / everyMicros) * everyMicros;
  return archiveErrors(databases, archive, { before, now });
}

async function copyOrPublish(io: CompactionIo, partition: Partition, now: Micros): Promise<StepResult> {
  const { databases, archive, settings } = io;
  const first = firstDatabase(databases);
  const progress = await readProgress(first, partition.id);
  if (progress.length < partition.databases.length) {
    await beginProgress(first, partition, now);
    return settings.graceMicros > 0 ? WAITING : copyOrPublish(io, partition, now);
  }
  if (archive === null || progress.some(({ startedAt }) => now < startedAt + settings.graceMicros)) return WAITING;
  const rows = await copyNextFile(databases, archive, partition, { now, limits: settings.fileLimits });
  if (rows !== null) return { did: "copied", partition: partition.id, rows };
  const difference = await findDifference(databases, partition);
  if (difference !== null) {
    await noteFailure(first, partition.id, difference);
    io.log({ log: "compaction", partition: partition.id, failure: difference });
    return WAITING;
  }
  await noteFailure(first, partition.id, null);
  // From here on, readers use the archive and no longer read the partition's tables.
  await first.binding.batch(stateStatements(first, partition, "archived"));
  return { did: "archived", partition: partition.id, rows: 0 };
}

async function drop({ databases }: CompactionIo, partition: Partition): Promise<StepResult> {
  await dropPartition(databases, partition);
  return { did: "dropped", partition: partition.id, rows: 0 };
}

async function flush({ databases, archive, settings }: CompactionIo, map: PartitionMap, now: Micros) {
  if (archive === null) return WAITING;
  const isAwaited = (await awaitedCopies(databases)).some(({ table }) => partitionOfTable(table)?.isLate === true);
  const lateMicros = isAwaited ? Math.min(settings.lateMicros, settings.graceMicros) : settings.lateMicros;
  const partition = await partitionWithLateRows(databases, map, { dueBefore: now - lateMicros, now });
  if (partition === null) return WAITING;
  const rows = await flushLateRows(databases, archive, partition, now);
  if (rows === 0) await noteFlushed(firstDatabase(databases), partition.id, now);
  return { did: "flushed", partition: partition.id, rows } as const;
}
