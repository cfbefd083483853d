import type { Micros } from "../model/time/time";
import type { ArchiveBucket } from "../storage/archive/archive-bucket";
import type { ArchiveFile } from "../storage/archive/file/archive-file";
import { copiedFiles, filesById, filesByKey } from "../storage/archive/manifest";
import { deleteAbandonedObjects, doomMissingStatement } from "../storage/archive/pending-objects";
import { type Database, firstDatabase } from "../storage/core/databases";
import { IS_SEALED, restartStatement } from "./compaction-records";
import { logDeletion } from "./retention/retention-log";

export interface MissingFilesIo {
  databases: readonly Database[];
  archive: ArchiveBucket;
  now: () => Micros;
}

/** Files of the manifest that one call compares with the bucket. */
const PAGE = 500;

/**
 * Compares the next files of the manifest with the bucket.
 *
 * @param after the name of the last object that was compared
 * @returns the files whose objects do not exist, and where to continue; null at the end
 * @throws what D1 and R2 throw
 */
export async function findMissingFiles(
  { databases, archive }: Pick<MissingFilesIo, "databases" | "archive">,
  after: string,
): Promise<{ missing: ArchiveFile[]; next: string | null }> {
  const first = firstDatabase(databases);
  // Listed in the manifest before and after the bucket is: an object is stored before its file is in the manifest, and deleted
  // after that is removed.
  const files = await filesByKey(first, { after, last: null, limit: PAGE });
  const last = files.at(-1)?.key ?? "";
  const stored = new Set<string>();
  for (let from = after; from < last; ) {
    const page = await archive.list({ startAfter: from });
    for (const { key } of page.objects) stored.add(key);
    from = page.truncated ? (page.objects.at(-1)?.key ?? last) : last;
  }
  const gone = files.filter(({ key }) => !stored.has(key)).map(({ id }) => id);
  const missing = (await filesById(first, gone)).toSorted((a, b) => (a.key < b.key ? -1 : 1));
  return { missing, next: files.length === PAGE ? last : null };
}

/** What became of a file that was taken out of the manifest. */
export interface AcceptedLoss {
  file: ArchiveFile;
  /** Its rows that are nowhere else. 0 if the databases have them still: they move to the archive again. */
  lost: number;
}

/**
 * Takes the file of an object that does not exist out of the manifest, and records the loss among the deletions. Everything
 * that needed the object continues without it.
 *
 * @returns null if the manifest has no file of this name, or `exists` if the object does
 * @throws what D1 and R2 throw. Repeating it is harmless.
 */
export async function acceptLoss(io: MissingFilesIo, key: string): Promise<AcceptedLoss | "exists" | null> {
  const { databases, archive } = io;
  const first = firstDatabase(databases);
  const [file] = (await filesByKey(first, { after: key.slice(0, -1), last: key, limit: PAGE })).filter(
    (one) => one.key === key,
  );
  if (file === undefined) return null;
  const { objects } = await archive.list({ prefix: key, limit: 1 });
  if (objects.some((object) => object.key === key)) return "exists";
  const lost = await removeMissing(io, file);
  const { kind, bytes } = file;
  const what = { missing_object: key, from: new Date(file.hour * 1_000).toISOString() };
  await logDeletion(first, { at: io.now(), kind, what, rows: lost, bytes });
  return { file, lost };
}

/**
 * Takes a file without an object out of the manifest. If its partition is being copied, the copy starts again, because the rows
 * are still in the databases.
 *
 * @returns how many of its rows are nowhere else
 * @throws what D1 and R2 throw. Repeating it is harmless.
 */
export async function removeMissing({ databases, archive, now }: MissingFilesIo, file: ArchiveFile): Promise<number> {
  const first = firstDatabase(databases);
  const isCopied = file.kind === "events" && file.generation === 0;
  const copies = isCopied ? await copiedFiles(first, file.partition) : [];
  // The compactor may publish the partition meanwhile. Then its rows leave the databases, and the other files must stay.
  const results = await first.binding.batch([
    ...copies.map(({ id, partition }) =>
      first.binding.prepare(`DELETE FROM archive_files WHERE file_id = ?2 AND ${IS_SEALED}`).bind(partition, id),
    ),
    ...(isCopied ? [restartStatement(first, file.partition)] : []),
    first.binding.prepare("DELETE FROM archive_files WHERE file_id = ?1").bind(file.id),
    ...[file, ...copies].map((one) => doomMissingStatement(first, one, now())),
  ]);
  await deleteAbandonedObjects(databases, archive, now());
  const isCopiedAgain = isCopied && (results[copies.findIndex(({ id }) => id === file.id)]?.meta.changes ?? 0) > 0;
  return isCopiedAgain || (await isInLateLane(databases, file)) ? 0 : file.rows;
}

/** True if a file of late events was published, but its rows have not left their late lane. */
async function isInLateLane(databases: readonly Database[], { id, finished, database }: ArchiveFile): Promise<boolean> {
  if (finished) return false;
  const binding = databases.find(({ index }) => index === database)?.binding;
  if (binding === undefined) return false;
  return (await binding.prepare("SELECT 1 FROM archive_finished WHERE file_id = ?1").bind(id).first()) === null;
}
