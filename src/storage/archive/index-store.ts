import type { Database } from "../core/databases";
import type { ArchiveFile } from "./file/archive-file";
import { type BuiltIndex, groupsIn, type IndexedGroups, soughtOf } from "./file/session-index";

/** The session index in D1: `archive_index` of the files' database. All functions here throw what D1 throws. */

/** The hexadecimal digits of entries in one statement. D1 limits a text to 2 MB. */
const MAX_DIGITS = 600_000;

/** Writes the index of a file, before the file is in the manifest. Repeating it is harmless. */
export async function addIndex(
  { binding }: Database,
  { id, hour }: Pick<ArchiveFile, "id" | "hour">,
  { buckets }: BuiltIndex,
): Promise<void> {
  const statements: D1PreparedStatement[] = [];
  let part: [bucket: number, entries: string][] = [];
  let digits = 0;
  const close = () => {
    if (part.length === 0) return;
    statements.push(
      binding
        .prepare(
          `INSERT INTO archive_index (bucket, hour, file_id, entries)
           SELECT value ->> 0, ?2, ?3, unhex(value ->> 1) FROM json_each(?1) WHERE true ON CONFLICT DO NOTHING`,
        )
        .bind(JSON.stringify(part), hour, id),
    );
    part = [];
    digits = 0;
  };
  for (const { bucket, entries } of buckets) {
    if (digits + entries.length > MAX_DIGITS) close();
    part.push([bucket, entries]);
    digits += entries.length;
  }
  close();
  if (statements.length > 0) await binding.batch(statements);
}

/** The statement that removes a file from the index. The file's level gives its buckets, so nothing is searched. */
export function removeIndexStatement(
  { binding }: Database,
  { id, hour, indexLevel }: Pick<ArchiveFile, "id" | "hour" | "indexLevel">,
): D1PreparedStatement {
  const buckets = Array.from({ length: 2 ** indexLevel }, (_, place) => 2 ** indexLevel + place);
  return binding
    .prepare(
      `DELETE FROM archive_index
       WHERE bucket IN (SELECT value FROM json_each(?1)) AND hour = ?2 AND file_id = ?3`,
    )
    .bind(JSON.stringify(buckets), hour, id);
}

/** A file that the index lists for one of the sought names. */
export interface IndexedFile {
  /** The position of the name in the list of sought names. */
  place: number;
  fileId: number;
  groups: IndexedGroups;
}

/**
 * The files that may hold the given sessions (or visitors, see `visitorName`) and whose hours overlap a range. After
 * a failed copy, the index may list files that are not in the manifest.
 */
export async function findInIndex(
  { binding }: Database,
  names: readonly string[],
  { first, last }: { first: number; last: number },
): Promise<IndexedFile[]> {
  if (names.length === 0) return [];
  const sought = names.map(soughtOf);
  const { results } = await binding
    .prepare(
      `SELECT wanted.key AS place, i.file_id AS fileId, hex(i.entries) AS entries
       FROM json_each(?1) AS wanted CROSS JOIN json_each(wanted.value ->> 1) AS bucket CROSS JOIN archive_index AS i
       WHERE i.bucket = bucket.value AND i.hour BETWEEN ?2 AND ?3 AND instr(i.entries, unhex(wanted.value ->> 0)) > 0`,
    )
    .bind(JSON.stringify(sought.map(({ fingerprint, buckets }) => [fingerprint, buckets])), first, last)
    .all<{ place: number; fileId: number; entries: string }>();
  return results.flatMap(({ place, fileId, entries }) => {
    const groups = groupsIn(entries, sought[place]?.fingerprint ?? "");
    return groups === null ? [] : [{ place, fileId, groups }];
  });
}
