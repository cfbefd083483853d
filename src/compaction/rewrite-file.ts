import type { Micros } from "../model/time/time";
import type { ArchiveBucket } from "../storage/archive/archive-bucket";
import { allErrors } from "../storage/archive/errors/read-errors";
import { ancestorsOf } from "../storage/archive/file/ancestors";
import type { ArchiveFile } from "../storage/archive/file/archive-file";
import type { ArchivedError, ArchivedEvent } from "../storage/archive/file/archived-rows";
import { ErrorFileWriter } from "../storage/archive/file/error-file";
import { EventFileWriter } from "../storage/archive/file/event-file";
import { type GroupColumns, ReadBudget, readFooter, readGroups } from "../storage/archive/file/file-reader";
import { addFileStatement, noteApplications } from "../storage/archive/manifest";
import { clearNote, deleteAbandonedObjects, doomStatement, expectNoted } from "../storage/archive/pending-objects";
import { allEvents } from "../storage/archive/read-events";
import { type Database, firstDatabase } from "../storage/core/databases";
import { loadPartitionMap, NO_PARTITIONS } from "../storage/partitions/partition-records";
import { finishLateFile } from "./late/flush-late";
import { type FinishedFile, storeFile } from "./store-file";

/** The reads of R2 that one step may spend. A file of 500,000 rows has 50 row groups. */
const MAX_READS = 900;

export interface RewriteIo {
  databases: readonly Database[];
  archive: ArchiveBucket;
  now: () => Micros;
}

export interface LeftOut {
  rows: number;
  bytes: number;
}

interface Writer<Row> {
  rows: number;
  add: (row: Row) => void;
  finish: () => FinishedFile;
}

/**
 * Rewrites a file of events without some of them.
 *
 * Files are immutable and named by their contents. One transaction replaces the old file by the new one in the manifest and notes
 * the old object for deletion, so that a crash leaves no object behind.
 *
 * @returns how many rows were left out, and by how many bytes the archive shrank; 0 rows if the file stays as it is
 * @throws what D1 and R2 throw. A repeated call continues.
 */
export async function rewriteEventFile(
  io: RewriteIo,
  file: ArchiveFile,
  isLeftOut: (event: ArchivedEvent) => boolean,
): Promise<LeftOut> {
  const first = firstDatabase(io.databases);
  // Late rows that are not counted yet must not be counted under a new name.
  if (!file.finished) {
    await finishLateFile(io.databases, io.archive, await loadPartitionMap(first, NO_PARTITIONS), file);
  }
  return rewrite(io, file, eventsOfFile(io.archive, file), isLeftOut, new EventFileWriter());
}

/** Like `rewriteEventFile`, for a file of errors. */
export function rewriteErrorFile(
  io: RewriteIo,
  file: ArchiveFile,
  isLeftOut: (error: ArchivedError) => boolean,
): Promise<LeftOut> {
  return rewrite(io, file, errorsOfFile(io.archive, file), isLeftOut, new ErrorFileWriter());
}

async function rewrite<Row extends { application: string | null }>(
  io: RewriteIo,
  file: ArchiveFile,
  rows: AsyncGenerator<Row>,
  isLeftOut: (row: Row) => boolean,
  writer: Writer<Row>,
): Promise<LeftOut> {
  const { databases, archive } = io;
  const first = firstDatabase(databases);
  const database = databases.find(({ index }) => index === file.database);
  if (database === undefined) throw new Error(`the database DB_${file.database} of ${file.key} is not bound`);
  let leftOut = 0;
  const applications = new Set<string>();
  for await (const row of rows) {
    if (row.application !== null) applications.add(row.application);
    if (isLeftOut(row)) leftOut += 1;
    else writer.add(row);
  }
  if (leftOut === 0) {
    if (file.applications === null) await noteApplications(first, file, [...applications].sort());
    return { rows: 0, bytes: 0 };
  }
  const added = writer.rows === 0 ? null : { file: writer.finish(), ancestors: await descentOf(archive, file) };
  const replacement = await replaceFile(io, database, file, added);
  return { rows: leftOut, bytes: file.bytes - (replacement?.bytes ?? 0) };
}

/** The numbers of the files from which a file was rewritten, and its own. */
async function descentOf(archive: ArchiveBucket, { key, id }: ArchiveFile): Promise<number[]> {
  const { objects } = await archive.list({ prefix: key, include: ["customMetadata"] });
  return [...(objects[0] === undefined ? [] : ancestorsOf(objects[0]).ancestors), id];
}

/**
 * Puts a file in the place of another, or nothing.
 *
 * @param added null if no row is left
 */
export async function replaceFile(
  { databases, archive, now }: RewriteIo,
  database: Database,
  file: ArchiveFile,
  replacement: { file: FinishedFile; ancestors: readonly number[] } | null,
): Promise<ArchiveFile | null> {
  const first = firstDatabase(databases);
  const at = now();
  const stands = { sql: "EXISTS (SELECT 1 FROM archive_files WHERE file_id = ?17)", params: [file.id] };
  const added =
    replacement === null
      ? null
      : await storeFile(archive, { databases, database, now: at }, replacement.file, {
          ...{ ...file, finished: true, ancestors: replacement.ancestors },
        });
  await first.binding.batch([
    ...(added === null
      ? []
      : [
          expectNoted(first, added),
          addFileStatement(first, added, { now: at, condition: stands }),
          clearNote(first, added),
        ]),
    ...removeStatements(first, [file], at),
  ]);
  await deleteAbandonedObjects(databases, archive, at);
  return added;
}

/** The statements that delete files from the manifest, and note their objects and index entries for deletion. */
function removeStatements(first: Database, files: readonly ArchiveFile[], now: Micros): D1PreparedStatement[] {
  return files.flatMap((file) => [
    first.binding.prepare("DELETE FROM archive_files WHERE file_id = ?1").bind(file.id),
    doomStatement(first, file, now),
  ]);
}

/** Deletes files from the manifest, then their objects and their entries in the session index. */
export async function removeFiles(
  { databases, archive }: Pick<RewriteIo, "databases" | "archive">,
  files: readonly ArchiveFile[],
): Promise<void> {
  const first = firstDatabase(databases);
  await first.binding.batch(removeStatements(first, files, 0));
  await deleteAbandonedObjects(databases, archive, 0);
}

/** All events of a file, row group by row group. */
export async function* eventsOfFile(archive: ArchiveBucket, file: ArchiveFile): AsyncGenerator<ArchivedEvent> {
  for await (const columns of groupsOf(archive, file)) yield* await allEvents(columns);
}

/** All errors of a file, row group by row group. */
export async function* errorsOfFile(archive: ArchiveBucket, file: ArchiveFile): AsyncGenerator<ArchivedError> {
  for await (const columns of groupsOf(archive, file)) yield* await allErrors(columns);
}

/** The ids of all errors of a file. Decodes no other column. */
export async function* errorIdsOfFile(archive: ArchiveBucket, file: ArchiveFile): AsyncGenerator<string> {
  for await (const columns of groupsOf(archive, file)) {
    const idAt = await columns.texts("id");
    for (let row = 0; row < columns.group.rows; row++) yield idAt(row);
  }
}

async function* groupsOf(archive: ArchiveBucket, file: ArchiveFile): AsyncGenerator<GroupColumns> {
  const budget = new ReadBudget(MAX_READS);
  const footer = await readFooter(archive, file, budget);
  for (const group of footer.groups) yield* await readGroups(archive, file, footer, [group], budget);
}
