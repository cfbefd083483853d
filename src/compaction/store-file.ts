import { createHash } from "node:crypto";
import type { ArchiveBucket } from "../storage/archive/archive-bucket";
import { type ArchiveFile, fileId, objectKey } from "../storage/archive/file/archive-file";
import type { EventFile } from "../storage/archive/file/event-file";
import { addIndex } from "../storage/archive/index-store";
import type { Database } from "../storage/core/databases";

/**
 * Stores a file of events: the object, then its entries in the session index. Readers use the file once its row is
 * in the manifest, which the caller adds. Names derive from contents, so storing it twice changes nothing.
 *
 * @throws what R2 and D1 throw. R2 refuses an object whose bytes do not match the given hash.
 */
export async function storeEventFile(
  archive: ArchiveBucket,
  database: Database,
  file: EventFile,
  { hour, partition, generation, finished }: Pick<ArchiveFile, "hour" | "partition" | "generation" | "finished">,
): Promise<ArchiveFile> {
  const { bytes, rows, footerBytes, first, last, index } = file;
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const stored: ArchiveFile = {
    id: fileId(sha256),
    kind: "events",
    key: objectKey("events", hour, database.index, sha256),
    ...{ partition, hour, generation, finished, database: database.index },
    ...{ first, last, rows, footerBytes, bytes: bytes.byteLength, indexLevel: index.level },
  };
  await putObject(archive, stored.key, bytes, sha256);
  await addIndex(database, stored, index);
  return stored;
}

/** Puts an object unless one with that name exists. */
export async function putObject(archive: ArchiveBucket, key: string, bytes: Uint8Array, sha256: string): Promise<void> {
  await archive.put(key, bytes, {
    sha256,
    onlyIf: { etagDoesNotMatch: "*" },
    httpMetadata: { contentType: "application/vnd.apache.parquet" },
  });
}
