import type { Micros } from "../../model/time/time";
import { HOUR_SECONDS } from "../../model/time/units";
import type { ArchiveFile, ArchiveKind } from "../../storage/archive/file/archive-file";
import { filesByHour, filesOfApplication } from "../../storage/archive/manifest";
import { firstDatabase } from "../../storage/core/databases";
import type { CompactionIo } from "../compaction-io";
import { removeFiles, rewriteErrorFile, rewriteEventFile } from "../rewrite-file";
import type { Deleted } from "./retention-log";

/** The most files that one run deletes. The next run continues. */
const MAX_FILES = 100;

/** A run stops once it has read files with more rows than this: about 2 s of CPU. */
const MAX_ROWS = 200_000;

const NOTHING: Deleted = { rows: 0, bytes: 0, what: null, hasMore: false };

/** The start of the last hour that ended before a time. */
function lastHour(before: Micros): number {
  return Math.floor(before / 1_000_000) - HOUR_SECONDS;
}

/**
 * Deletes files of the archive whose hour ended before a time.
 *
 * @throws what D1 and R2 throw
 */
export async function deleteFiles(
  { databases, archive }: CompactionIo,
  { kind, before }: { kind: ArchiveKind; before: Micros },
): Promise<Deleted> {
  if (archive === null) return NOTHING;
  const files = await filesByHour(firstDatabase(databases), {
    ...{ kind, partitions: null, first: 0, last: lastHour(before), order: "asc", limit: MAX_FILES + 1 },
  });
  const removed = files.slice(0, MAX_FILES);
  if (removed.length === 0) return NOTHING;
  await removeFiles({ databases, archive }, removed);
  return {
    rows: removed.reduce((all, { rows }) => all + rows, 0),
    bytes: removed.reduce((all, { bytes }) => all + bytes, 0),
    what: { files: removed.length, ...hoursOf(removed) },
    hasMore: files.length > removed.length,
  };
}

/**
 * Deletes an application's rows from files of the archive whose hour ended before a time: rewrites the files without them, or
 * deletes files that hold nothing else.
 *
 * @throws what D1 and R2 throw
 */
export async function rewriteFilesOf(
  { databases, archive }: CompactionIo,
  { kind, application, before }: { kind: ArchiveKind; application: string; before: Micros },
  now: Micros,
): Promise<Deleted> {
  if (archive === null) return NOTHING;
  const io = { databases, archive, now: () => now };
  const question = { kind, application, last: lastHour(before), limit: MAX_FILES };
  const files = await filesOfApplication(firstDatabase(databases), question);
  const done: ArchiveFile[] = [];
  const deleted = { rows: 0, bytes: 0 };
  let looked = 0;
  for (const file of files) {
    if (looked > MAX_ROWS) break;
    looked += file.rows;
    const isOwn = (row: { application: string | null }) => row.application === application;
    const { rows, bytes } = await (kind === "events"
      ? rewriteEventFile(io, file, isOwn)
      : rewriteErrorFile(io, file, isOwn));
    if (rows > 0) done.push(file);
    deleted.rows += rows;
    deleted.bytes += bytes;
  }
  const hasMore = files.length === MAX_FILES || looked > MAX_ROWS;
  if (done.length === 0) return { ...NOTHING, hasMore };
  return { ...deleted, what: { files: done.length, ...hoursOf(done) }, hasMore };
}

function hoursOf(files: readonly ArchiveFile[]): Record<string, string> {
  const hours = files.map(({ hour }) => hour);
  const text = (hour: number) => new Date(hour * 1_000).toISOString();
  return { from_hour: text(Math.min(...hours)), to_hour: text(Math.max(...hours)) };
}
