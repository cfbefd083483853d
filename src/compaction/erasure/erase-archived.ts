import type { Micros } from "../../model/time/time";
import type { ArchiveBucket } from "../../storage/archive/archive-bucket";
import type { ArchiveFile } from "../../storage/archive/file/archive-file";
import type { ArchivedEvent } from "../../storage/archive/file/archived-rows";
import { EventFileWriter } from "../../storage/archive/file/event-file";
import { ReadBudget, readFooter, readGroups, runOf } from "../../storage/archive/file/file-reader";
import { visitorName } from "../../storage/archive/file/session-index";
import { findInIndex, removeIndexStatement } from "../../storage/archive/index-store";
import { addFileStatement, filesById, removeFileStatement } from "../../storage/archive/manifest";
import { allEvents } from "../../storage/archive/read-events";
import { type Database, firstDatabase } from "../../storage/core/databases";
import { loadPartitionMap, NO_PARTITIONS } from "../../storage/partitions/partition-records";
import { finishLateFile } from "../flush-late";
import { storeEventFile } from "../store-file";

/** The reads of R2 that one step may make. A file of 500,000 rows has 50 row groups, and one read can cover several. */
const MAX_READS = 900;

/** Sessions of a visitor that are read from the archive at a time. */
const MAX_SESSIONS = 20;

/** Every hour. */
const ALWAYS = { first: 0, last: Number.MAX_SAFE_INTEGER };

export interface ArchiveIo {
  databases: Database[];
  archive: ArchiveBucket | null;
  now: () => Micros;
}

/**
 * Erases a session's events from one archive file by rewriting the file without them.
 *
 * Files are immutable and named after their contents. One transaction replaces the old file by the new one in the
 * manifest and schedules the old object for deletion, so a crash leaves no object behind.
 *
 * @returns the number of erased events, or null if no file holds any
 * @throws what D1 and R2 throw. A repeat continues where the failed call stopped.
 */
export async function eraseFromArchive(
  io: ArchiveIo,
  { session, before }: { session: string; before: Micros },
): Promise<number | null> {
  const { archive } = io;
  if (archive === null) return null;
  const isErased = (event: ArchivedEvent) => event.session === session && event.receivedAt < before;
  for (const file of await filesOf(io, session)) {
    const events = await rewriteFile(io, archive, file, isErased);
    if (events > 0) return events;
  }
  return null;
}

/** The next sessions of a visitor that have archived events received before the given time. Empty if none is left. */
export async function archivedSessionsOf(
  io: ArchiveIo,
  { visitor, before }: { visitor: string; before: Micros },
): Promise<string[]> {
  const { archive } = io;
  if (archive === null) return [];
  const sessions = new Set<string>();
  for (const file of await filesOf(io, visitorName(visitor))) {
    for await (const event of eventsOf(archive, file)) {
      if (event.visitor === visitor && event.receivedAt < before) sessions.add(event.session);
      if (sessions.size === MAX_SESSIONS) return [...sessions];
    }
    if (sessions.size > 0) break;
  }
  return [...sessions];
}

/** Deletes the old objects of rewritten files. */
export async function deleteErasedObjects({ databases, archive }: ArchiveIo): Promise<void> {
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

/** The files in the manifest that the index lists for a session or a visitor. */
async function filesOf({ databases }: ArchiveIo, name: string): Promise<ArchiveFile[]> {
  const found = await Promise.all(databases.map((database) => findInIndex(database, [name], ALWAYS)));
  const ids = [...new Set(found.flat().map(({ fileId }) => fileId))];
  return filesById(firstDatabase(databases), ids);
}

async function rewriteFile(
  io: ArchiveIo,
  archive: ArchiveBucket,
  file: ArchiveFile,
  isErased: (event: ArchivedEvent) => boolean,
): Promise<number> {
  const first = firstDatabase(io.databases);
  const database = io.databases.find(({ index }) => index === file.database);
  if (database === undefined) throw new Error(`the database DB_${file.database} of ${file.key} is not bound`);
  // Late rows that are not counted yet must be counted before the file is renamed.
  if (!file.finished) await finishLateFile(io.databases, archive, await loadPartitionMap(first, NO_PARTITIONS), file);
  const writer = new EventFileWriter();
  let erased = 0;
  for await (const event of eventsOf(archive, file)) {
    if (isErased(event)) erased += 1;
    else writer.add(event);
  }
  if (erased === 0) return 0;
  const { binding } = first;
  const stands = { sql: "EXISTS (SELECT 1 FROM archive_files WHERE file_id = ?16)", params: [file.id] };
  const added =
    writer.rows === 0
      ? []
      : [
          addFileStatement(
            first,
            await storeEventFile(archive, database, writer.finish(), { ...file, finished: true }),
            {
              now: io.now(),
              condition: stands,
            },
          ),
        ];
  await binding.batch([
    ...added,
    removeFileStatement(first, file),
    binding.prepare("INSERT INTO erased_objects (object_key) VALUES (?1) ON CONFLICT DO NOTHING").bind(file.key),
  ]);
  await database.binding.batch([removeIndexStatement(database, file)]);
  await deleteErasedObjects(io);
  return erased;
}

async function* eventsOf(archive: ArchiveBucket, file: ArchiveFile): AsyncGenerator<ArchivedEvent> {
  const budget = new ReadBudget(MAX_READS);
  const footer = await readFooter(archive, file, budget);
  for (let left = footer.groups; left.length > 0; ) {
    const run = runOf(left);
    left = left.slice(run.length);
    for (const columns of await readGroups(archive, file, footer, run, budget)) yield* await allEvents(columns);
  }
}
