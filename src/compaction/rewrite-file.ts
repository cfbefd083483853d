import type { Micros } from "../model/time/time";
import type { ArchiveBucket } from "../storage/archive/archive-bucket";
import { allErrors } from "../storage/archive/errors/read-errors";
import type { ArchiveFile } from "../storage/archive/file/archive-file";
import type { ArchivedError, ArchivedEvent } from "../storage/archive/file/archived-rows";
import { ErrorFileWriter } from "../storage/archive/file/error-file";
import { EventFileWriter } from "../storage/archive/file/event-file";
import { type GroupColumns, ReadBudget, readFooter, readGroups } from "../storage/archive/file/file-reader";
import { removeIndexStatement } from "../storage/archive/index-store";
import { addFileStatement, filesById, noteApplications } from "../storage/archive/manifest";
import { allEvents } from "../storage/archive/read-events";
import { type Database, firstDatabase } from "../storage/core/databases";
import { loadPartitionMap, NO_PARTITIONS } from "../storage/partitions/partition-records";
import { finishLateFile } from "./flush-late";
import { type FinishedFile, storeFile } from "./store-file";

/** Reads of R2 that one step may spend: a file of 500,000 rows has 50 row groups. */
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
 * Writes a file of events anew without some of them.
 *
 * Files are immutable and named by their contents. The new one takes the old one's place in the manifest in one transaction,
 * which also notes the old object for deletion, so that a crash leaves none behind.
 *
 * @returns how many were left out, and how many bytes the archive lost; 0: the file stays as it is
 * @throws what D1 and R2 throw. Repeated it goes on where it stood.
 */
export async function rewriteEventFile(
  io: RewriteIo,
  file: ArchiveFile,
  isLeftOut: (event: ArchivedEvent) => boolean,
): Promise<LeftOut> {
  const first = firstDatabase(io.databases);
  // One whose late rows are not counted yet must not be counted under a new name.
  if (!file.finished) {
    await finishLateFile(io.databases, io.archive, await loadPartitionMap(first, NO_PARTITIONS), file);
  }
  return rewrite(io, file, eventsOfFile(io.archive, file), isLeftOut, new EventFileWriter());
}

/** As `rewriteEventFile`, for a file of errors. */
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
  const { databases, archive, now } = io;
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
  const { binding } = first;
  const stands = { sql: "EXISTS (SELECT 1 FROM archive_files WHERE file_id = ?17)", params: [file.id] };
  const added =
    writer.rows === 0 ? null : await storeFile(archive, database, writer.finish(), { ...file, finished: true });
  await binding.batch([
    ...(added === null ? [] : [addFileStatement(first, added, { now: now(), condition: stands })]),
    ...removeStatements(binding, [file]),
  ]);
  await database.binding.batch([removeIndexStatement(database, file)]);
  if (added !== null) await dropIfNotListed(io, database, added);
  await deleteErasedObjects(io);
  return { rows: leftOut, bytes: file.bytes - (added?.bytes ?? 0) };
}

/** Takes files out of the manifest, and notes their objects for deletion. */
function removeStatements(binding: D1Database, files: readonly ArchiveFile[]): D1PreparedStatement[] {
  const [ids, keys] = [files.map(({ id }) => id), files.map(({ key }) => key)].map((list) => JSON.stringify(list));
  return [
    binding.prepare("DELETE FROM archive_files WHERE file_id IN (SELECT value FROM json_each(?1))").bind(ids),
    binding
      .prepare(
        `INSERT INTO erased_objects (object_key) SELECT value FROM json_each(?1) WHERE true ON CONFLICT DO NOTHING`,
      )
      .bind(keys),
  ];
}

/** Deletes files: from the manifest, then from the session index, then their objects. */
export async function removeFiles(
  { databases, archive }: Pick<RewriteIo, "databases" | "archive">,
  files: readonly ArchiveFile[],
): Promise<void> {
  const { binding } = firstDatabase(databases);
  await binding.batch(removeStatements(binding, files));
  for (const [index, own] of Map.groupBy(files, ({ database }) => database)) {
    const database = databases.find((one) => one.index === index);
    if (database !== undefined) await database.binding.batch(own.map((file) => removeIndexStatement(database, file)));
  }
  await deleteErasedObjects({ databases, archive });
}

/** Deletes a file that is not in the manifest: another has rewritten the same file meanwhile, and left out other rows. */
async function dropIfNotListed(
  { databases, archive }: RewriteIo,
  database: Database,
  file: ArchiveFile,
): Promise<void> {
  const listed = await filesById(firstDatabase(databases), [file.id]);
  if (listed.length > 0) return;
  await archive.delete(file.key);
  await database.binding.batch([removeIndexStatement(database, file)]);
}

/** Deletes objects whose files were written anew. */
export async function deleteErasedObjects({
  databases,
  archive,
}: Pick<RewriteIo, "databases"> & { archive: ArchiveBucket | null }): Promise<void> {
  if (archive === null) return;
  const { binding } = firstDatabase(databases);
  const { results } = await binding
    .prepare("SELECT object_key FROM erased_objects LIMIT 100")
    .all<{ object_key: string }>();
  if (results.length === 0) return;
  const keys = results.map(({ object_key: key }) => key);
  await archive.delete(keys);
  await binding
    .prepare("DELETE FROM erased_objects WHERE object_key IN (SELECT value FROM json_each(?1))")
    .bind(JSON.stringify(keys))
    .run();
}

/** All events of a file, row group by row group. */
export async function* eventsOfFile(archive: ArchiveBucket, file: ArchiveFile): AsyncGenerator<ArchivedEvent> {
  for await (const columns of groupsOf(archive, file)) yield* await allEvents(columns);
}

/** All errors of a file, row group by row group. */
export async function* errorsOfFile(archive: ArchiveBucket, file: ArchiveFile): AsyncGenerator<ArchivedError> {
  for await (const columns of groupsOf(archive, file)) yield* await allErrors(columns);
}

async function* groupsOf(archive: ArchiveBucket, file: ArchiveFile): AsyncGenerator<GroupColumns> {
  const budget = new ReadBudget(MAX_READS);
  const footer = await readFooter(archive, file, budget);
  for (const group of footer.groups) yield* await readGroups(archive, file, footer, [group], budget);
}
