import type { ArchiveBucket } from "../../../storage/archive/archive-bucket";
import { ancestorsOf } from "../../../storage/archive/file/ancestors";
import { type ArchiveFile, readObjectKey } from "../../../storage/archive/file/archive-file";
import { ErrorFileWriter } from "../../../storage/archive/file/error-file";
import { EventFileWriter } from "../../../storage/archive/file/event-file";
import { filesById, filesByKey } from "../../../storage/archive/manifest";
import { deleteAbandonedObjects, noteOrphans } from "../../../storage/archive/pending-objects";
import { type Database, firstDatabase } from "../../../storage/core/databases";
import { loadPartitionMap, NO_PARTITIONS } from "../../../storage/partitions/partition-records";
import { removeMissing } from "../../missing-files";
import { errorsOfFile, eventsOfFile, removeFiles, replaceFile } from "../../rewrite-file";
import type { FinishedFile } from "../../store-file";

/** Objects that R2 lists at a time, and files of the manifest that are compared with them. */
const PAGE = 1_000;

interface ManifestIo {
  databases: readonly Database[];
  archive: ArchiveBucket;
  now: () => number;
}

/**
 * Looks at the next objects that a restored manifest does not list. One that was rewritten from a listed file takes
 * its place. The others are noted, and deleted unless the compactor lists them within 20 minutes: what they hold is
 * in the restored databases again.
 *
 * @param after the name of the last object that was looked at
 * @returns where to continue; null at the end
 * @throws what D1 and R2 throw. Repeating it is harmless.
 */
export async function adoptFiles(io: ManifestIo, after: string): Promise<string | null> {
  const { databases, archive, now } = io;
  const first = firstDatabase(databases);
  const page = await archive.list({ startAfter: after, limit: PAGE, include: ["customMetadata"] });
  const objects = page.objects.flatMap((object) => {
    const named = readObjectKey(object.key);
    return named === null ? [] : [{ ...named, bytes: object.size, ...ancestorsOf(object) }];
  });
  const ids = objects.map(({ id }) => id);
  const listed = new Set((await filesById(first, ids)).map(({ id }) => id));
  const orphans = objects.filter(({ id }) => !listed.has(id));
  for (const orphan of orphans) {
    const { footerBytes } = orphan;
    const [ancestor] = footerBytes === null ? [] : await filesById(first, orphan.ancestors);
    // Rows of an unfinished file are in its late lane as well, and come back from there.
    if (footerBytes === null || ancestor === undefined || !ancestor.finished) continue;
    await adopt(io, ancestor, { ...ancestor, ...orphan, footerBytes }, orphan.ancestors);
    // A file is the work of a step. The page is looked at again: other files may descend from this one.
    return after;
  }
  const noted = orphans.map((orphan) => ({ ...orphan, indexLevel: 0 }));
  if (noted.length > 0) await noteOrphans(first, noted, now()).run();
  return page.truncated ? (page.objects.at(-1)?.key ?? null) : null;
}

/** Puts a file in the place of the listed one from which it descends. */
async function adopt(
  io: ManifestIo,
  ancestor: ArchiveFile,
  file: ArchiveFile,
  ancestors: readonly number[],
): Promise<void> {
  const database = io.databases.find(({ index }) => index === file.database);
  if (database === undefined) throw new Error(`the database DB_${file.database} of ${file.key} is not bound`);
  // Written again with the same bytes, to make its part of the session index.
  await replaceFile(io, database, ancestor, { file: await readAgain(io.archive, file), ancestors });
}

async function readAgain(archive: ArchiveBucket, file: ArchiveFile): Promise<FinishedFile> {
  if (file.kind === "errors") {
    const writer = new ErrorFileWriter();
    for await (const error of errorsOfFile(archive, file)) writer.add(error);
    return writer.finish();
  }
  const writer = new EventFileWriter();
  for await (const event of eventsOfFile(archive, file)) writer.add(event);
  return writer.finish();
}

/**
 * Removes files from a restored manifest whose objects no longer exist: a retention or an erasure has deleted them
 * since. A partition whose copy is incomplete is copied from the beginning.
 *
 * @returns where to continue; null at the end
 * @throws what D1 and R2 throw. Repeating it is harmless.
 */
export async function removeMissingFiles(io: ManifestIo, after: string): Promise<string | null> {
  const { databases, archive, now } = io;
  const first = firstDatabase(databases);
  const page = await archive.list({ startAfter: after, limit: PAGE });
  const end = page.truncated ? (page.objects.at(-1)?.key ?? null) : null;
  const files = await filesByKey(first, { after, last: end, limit: PAGE });
  const stored = new Set(page.objects.map(({ key }) => key));
  const missing = files.filter(({ key }) => !stored.has(key));
  if (missing.length > 0) {
    const { partitions } = await loadPartitionMap(first, NO_PARTITIONS);
    const sealed = new Set(partitions.filter(({ state }) => state === "sealed").map(({ id }) => id));
    const copies = missing.filter(({ partition, generation }) => sealed.has(partition) && generation === 0);
    for (const [file] of Map.groupBy(copies, ({ partition }) => partition).values()) {
      if (file !== undefined) await removeMissing(io, file);
    }
    await removeFiles(io, missing);
    await deleteAbandonedObjects(databases, archive, now());
  }
  return files.length === PAGE ? (files.at(-1)?.key ?? null) : end;
}
