import type { Micros } from "../../model/time/time";
import { type Database, firstDatabase } from "../core/databases";
import { outsideChange } from "../erasures/restore-marks";
import type { ArchiveBucket } from "./archive-bucket";
import type { ArchiveFile } from "./file/archive-file";
import { removeIndexStatement } from "./index-store";

/**
 * Objects that are stored but not in the manifest yet. Each is noted before it is stored, and the transaction that
 * adds it to the manifest removes its note. So every object that a crash leaves behind has a note, by which it and its
 * entries in the session index are deleted. Otherwise an erasure, which only knows the manifest, could leave a copy.
 */

/** A step of the compactor ends long before. If an object is deleted too early, the step is repeated and stores it again. */
const PENDING_MICROS: Micros = 20 * 60_000_000;

/** Objects that one step deletes. */
const MAX_OBJECTS = 100;

type PendingFile = Pick<ArchiveFile, "key" | "id" | "database" | "hour" | "indexLevel">;

/**
 * Notes an object that is about to be stored.
 *
 * @throws what D1 throws, and an error if the object is being deleted: the caller repeats its step
 */
export async function noteObject({ binding }: Database, file: PendingFile, now: Micros): Promise<void> {
  const [noted] = await binding.batch([
    binding
      .prepare(
        `INSERT INTO pending_objects (object_key, file_id, database, hour, index_level, noted_at, doomed)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0)
       ON CONFLICT DO UPDATE SET noted_at = max(noted_at, excluded.noted_at) WHERE doomed = 0`,
      )
      .bind(file.key, file.id, file.database, file.hour, file.indexLevel, now),
    outsideChange(binding),
  ]);
  if (noted?.meta.changes === 0) throw new Error(`the archive object ${file.key} is being deleted`);
}

/** The statement that fails a transaction if an object is neither noted nor in the manifest: it may have been deleted. */
export function expectNoted({ binding }: Database, { key, id }: PendingFile): D1PreparedStatement {
  return binding
    .prepare(
      `INSERT INTO pending_objects (object_key, file_id, database, hour, index_level, noted_at, doomed)
       SELECT ?1, ?2, 0, 0, 0, 0, 2 WHERE NOT EXISTS (SELECT 1 FROM archive_files WHERE file_id = ?2)
         AND NOT EXISTS (SELECT 1 FROM pending_objects WHERE object_key = ?1 AND doomed = 0)`,
    )
    .bind(key, id);
}

/** The statement that notes objects that are not in the manifest of a restored database, unless they are noted already. */
export function noteOrphans({ binding }: Database, orphans: readonly PendingFile[], now: Micros): D1PreparedStatement {
  return binding
    .prepare(
      `INSERT INTO pending_objects (object_key, file_id, database, hour, index_level, noted_at, doomed)
       SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, ?2, 0 FROM json_each(?1) WHERE true
       ON CONFLICT DO NOTHING`,
    )
    .bind(JSON.stringify(orphans.map((file) => [file.key, file.id, file.database, file.hour, file.indexLevel])), now);
}

/** The statement that removes the note of an object that is in the manifest. */
export function clearNote({ binding }: Database, { key, id }: PendingFile): D1PreparedStatement {
  return binding
    .prepare(
      `DELETE FROM pending_objects
       WHERE object_key = ?1 AND EXISTS (SELECT 1 FROM archive_files WHERE file_id = ?2)`,
    )
    .bind(key, id);
}

/** The statement that notes a file for deletion, in the transaction that takes it out of the manifest. */
export function doomStatement({ binding }: Database, file: PendingFile, now: Micros): D1PreparedStatement {
  return binding
    .prepare(
      `INSERT INTO pending_objects (object_key, file_id, database, hour, index_level, noted_at, doomed)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1) ON CONFLICT DO UPDATE SET doomed = 1`,
    )
    .bind(file.key, file.id, file.database, file.hour, file.indexLevel, now);
}

/** As `doomStatement`, unless the manifest still has the file. */
export function doomMissingStatement({ binding }: Database, file: PendingFile, now: Micros): D1PreparedStatement {
  return binding
    .prepare(
      `INSERT INTO pending_objects (object_key, file_id, database, hour, index_level, noted_at, doomed)
       SELECT ?1, ?2, ?3, ?4, ?5, ?6, 1 WHERE NOT EXISTS (SELECT 1 FROM archive_files WHERE file_id = ?2)
       ON CONFLICT DO UPDATE SET doomed = 1`,
    )
    .bind(file.key, file.id, file.database, file.hour, file.indexLevel, now);
}

/**
 * Deletes objects that were noted for deletion, and those that were noted long ago and are not in the manifest.
 *
 * @returns how many it deleted, at most MAX_OBJECTS
 * @throws what D1 and R2 throw. A repeated call continues.
 */
export async function deleteAbandonedObjects(
  databases: readonly Database[],
  archive: ArchiveBucket,
  now: Micros,
): Promise<number> {
  const { binding } = firstDatabase(databases);
  const [, , doomed] = await binding.batch<PendingFile>([
    binding
      .prepare(
        `DELETE FROM pending_objects
         WHERE noted_at <= ?1 AND doomed = 0 AND file_id IN (SELECT file_id FROM archive_files)`,
      )
      .bind(now - PENDING_MICROS),
    binding
      .prepare("UPDATE pending_objects SET doomed = 1 WHERE noted_at <= ?1 AND doomed = 0")
      .bind(now - PENDING_MICROS),
    binding.prepare(
      `SELECT object_key AS "key", file_id AS id, database, hour, index_level AS indexLevel FROM pending_objects
       WHERE doomed = 1 LIMIT ${MAX_OBJECTS}`,
    ),
  ]);
  const files = doomed?.results ?? [];
  if (files.length === 0) return 0;
  const keys = files.map(({ key }) => key);
  await outsideChange(binding).run();
  await archive.delete(keys);
  for (const [index, own] of Map.groupBy(files, ({ database }) => database)) {
    const database = databases.find((one) => one.index === index);
    await database?.binding.batch(own.map((file) => removeIndexStatement(database, file)));
  }
  await binding
    .prepare("DELETE FROM pending_objects WHERE doomed = 1 AND object_key IN (SELECT value FROM json_each(?1))")
    .bind(JSON.stringify(keys))
    .run();
  return files.length;
}
