import { createHash } from "node:crypto";
import type { Micros } from "../model/time/time";
import type { ArchiveBucket } from "../storage/archive/archive-bucket";
import { ancestorsText } from "../storage/archive/file/ancestors";
import { type ArchiveFile, fileId, objectKey } from "../storage/archive/file/archive-file";
import type { WrittenFile } from "../storage/archive/file/file-writer";
import type { BuiltIndex } from "../storage/archive/file/session-index";
import { addIndex } from "../storage/archive/index-store";
import { noteObject } from "../storage/archive/pending-objects";
import { type Database, firstDatabase } from "../storage/core/databases";

/** A file of events or of errors. */
export type FinishedFile = WrittenFile & Pick<ArchiveFile, "first" | "last" | "applications"> & { index: BuiltIndex };

/**
 * Stores a file of events or errors: notes the object in case of a crash, puts it, then adds its part of the session index.
 * Readers use the file once the caller has added its row to the manifest. Names contain the hash of the content, so storing a
 * file twice changes nothing.
 *
 * @throws what R2 and D1 throw. R2 refuses an object whose bytes do not match the given hash.
 */
export async function storeFile(
  archive: ArchiveBucket,
  { databases, database, now }: { databases: readonly Database[]; database: Database; now: Micros },
  file: FinishedFile,
  {
    kind,
    hour,
    partition,
    generation,
    finished,
    ancestors = [],
  }: Pick<ArchiveFile, "kind" | "hour" | "partition" | "generation" | "finished"> & { ancestors?: readonly number[] },
): Promise<ArchiveFile> {
  const { bytes, rows, footerBytes, first, last, index, applications } = file;
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const stored: ArchiveFile = {
    id: fileId(sha256),
    kind,
    key: objectKey(kind, hour, database.index, sha256),
    ...{ partition, hour, generation, finished, database: database.index },
    ...{ first, last, rows, footerBytes, applications, bytes: bytes.byteLength, indexLevel: index.level },
  };
  await noteObject(firstDatabase(databases), stored, now);
  await putObject(archive, stored.key, bytes, sha256, ancestorsText(stored, ancestors));
  await addIndex(database, stored, index);
  return stored;
}

/** Puts an object unless one with that name exists. */
export async function putObject(
  archive: ArchiveBucket,
  key: string,
  bytes: Uint8Array,
  sha256: string,
  customMetadata: Record<string, string>,
): Promise<void> {
  await archive.put(key, bytes, {
    sha256,
    onlyIf: { etagDoesNotMatch: "*" },
    httpMetadata: { contentType: "application/vnd.apache.parquet" },
    customMetadata,
  });
}
