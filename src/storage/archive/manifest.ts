import * as v from "valibot";
import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { orQueryError } from "../core/reader";
import type { Order } from "../scan/event-order";
import type { ArchiveFile, ArchiveKind } from "./file/archive-file";

/** The manifest of the archive: `archive_files` in the first database. All functions here throw what D1 throws. */

const count = v.pipe(v.number(), v.safeInteger());

const RowSchema = v.pipe(
  v.object({
    file_id: count,
    kind: v.picklist(["events", "errors"]),
    object_key: v.string(),
    partition_id: count,
    database: count,
    hour: count,
    generation: count,
    first_us: count,
    last_us: count,
    rows: count,
    bytes: count,
    footer_bytes: count,
    index_level: count,
    finished: count,
    applications: v.nullable(v.pipe(v.string(), v.parseJson(), v.array(v.string()))),
  }),
  v.transform(
    (row): ArchiveFile => ({
      id: row.file_id,
      kind: row.kind,
      key: row.object_key,
      partition: row.partition_id,
      database: row.database,
      hour: row.hour,
      generation: row.generation,
      first: row.first_us,
      last: row.last_us,
      rows: row.rows,
      bytes: row.bytes,
      footerBytes: row.footer_bytes,
      indexLevel: row.index_level,
      finished: row.finished === 1,
      applications: row.applications,
    }),
  ),
);

const COLUMNS = `file_id, kind, object_key, partition_id, database, hour, generation, first_us, last_us, rows, bytes,
  footer_bytes, index_level, finished, applications`;

/** Read from the primary: a stale replica might not list a file whose rows have already left D1. */
async function select(statement: D1PreparedStatement): Promise<ArchiveFile[]> {
  const { results } = await statement.all();
  return v.parse(v.array(RowSchema), results);
}

export interface FilesQuestion {
  kind: ArchiveKind;
  /** Only files of these partitions; null for all. */
  partitions: readonly number[] | null;
  /** The starts of the first and the last hour, in seconds since 1970. */
  first: number;
  last: number;
  order: Order;
  limit: number;
}

/** Files by their hour. */
export function filesByHour({ binding }: Database, question: FilesQuestion): Promise<ArchiveFile[]> {
  const { kind, partitions, first, last, order, limit } = question;
  const direction = order === "asc" ? "ASC" : "DESC";
  const isWanted = partitions === null ? "?5 IS NULL" : "partition_id IN (SELECT value FROM json_each(?5))";
  return select(
    binding
      .prepare(
        `SELECT ${COLUMNS} FROM archive_files INDEXED BY archive_files_by_hour
         WHERE kind = ?1 AND hour BETWEEN ?2 AND ?3 AND ${isWanted}
         ORDER BY hour ${direction}, partition_id ${direction}, file_id LIMIT ?4`,
      )
      .bind(kind, first, last, limit, partitions === null ? null : JSON.stringify(partitions)),
  );
}

/** Files of a kind, up to an hour, that hold or may hold rows of an application; oldest first. */
export function filesOfApplication(
  { binding }: Database,
  { kind, application, last, limit }: { application: string } & Pick<FilesQuestion, "kind" | "last" | "limit">,
): Promise<ArchiveFile[]> {
  return select(
    binding
      .prepare(
        `SELECT ${COLUMNS} FROM archive_files INDEXED BY archive_files_by_hour
         WHERE kind = ?1 AND hour <= ?2
           AND (applications IS NULL OR EXISTS (SELECT 1 FROM json_each(applications) WHERE value = ?3))
         ORDER BY hour, partition_id, file_id LIMIT ?4`,
      )
      .bind(kind, last, application, limit),
  );
}

/** All files of a kind in the given hours and partitions; null for all partitions. */
export function filesInHours(
  { binding }: Database,
  { kind, hours, partitions }: { hours: readonly number[] } & Pick<FilesQuestion, "kind" | "partitions">,
): Promise<ArchiveFile[]> {
  if (hours.length === 0) return Promise.resolve([]);
  return select(
    binding
      .prepare(
        `SELECT ${COLUMNS} FROM archive_files INDEXED BY archive_files_by_hour
         WHERE kind = ?1 AND hour IN (SELECT value FROM json_each(?2))
           AND ${partitions === null ? "?3 IS NULL" : "partition_id IN (SELECT value FROM json_each(?3))"}`,
      )
      .bind(kind, JSON.stringify(hours), partitions === null ? null : JSON.stringify(partitions)),
  );
}

/** The files with these numbers that are in the manifest. */
export function filesById({ binding }: Database, ids: readonly number[]): Promise<ArchiveFile[]> {
  if (ids.length === 0) return Promise.resolve([]);
  return select(
    binding
      .prepare(`SELECT ${COLUMNS} FROM archive_files WHERE file_id IN (SELECT value FROM json_each(?1))`)
      .bind(JSON.stringify(ids)),
  );
}

/** When the newest archived error was received; null: none is archived. */
export async function lastArchivedError({ binding }: Database): Promise<Micros | null> {
  const last = binding.prepare(
    `SELECT max(last_us) AS last FROM (
       SELECT last_us FROM archive_files INDEXED BY archive_files_by_hour WHERE kind = 'errors' ORDER BY hour DESC LIMIT 20
     )`,
  );
  return orQueryError(last.first<Micros>("last"), "the manifest");
}

/** Files by the names of their objects: after a name, up to another, in the order of R2's lists. */
export function filesByKey(
  { binding }: Database,
  { after, last, limit }: { after: string; last: string | null; limit: number },
): Promise<ArchiveFile[]> {
  return select(
    binding
      .prepare(
        `SELECT ${COLUMNS} FROM archive_files WHERE object_key > ?1 AND (?2 IS NULL OR object_key <= ?2)
         ORDER BY object_key LIMIT ?3`,
      )
      .bind(after, last, limit),
  );
}

/** The files that were copied from the main lane of a partition. */
export function copiedFiles({ binding }: Database, partition: number): Promise<ArchiveFile[]> {
  return select(
    binding
      .prepare(`SELECT ${COLUMNS} FROM archive_files WHERE partition_id = ?1 AND kind = 'events' AND generation = 0`)
      .bind(partition),
  );
}

/** Files of late events whose rows may still be in the late lane. */
export function unfinishedFiles({ binding }: Database, limit: number): Promise<ArchiveFile[]> {
  return select(
    binding
      .prepare(`SELECT ${COLUMNS} FROM archive_files WHERE finished = 0 ORDER BY created_at, file_id LIMIT ?1`)
      .bind(limit),
  );
}

export interface AddedFile {
  now: Micros;
  /** SQL text that must hold for the file to be added, with its parameters from ?17 on. */
  condition?: { sql: string; params: readonly (string | number | null)[] };
}

/** The statement that adds a file. An existing file stays unchanged. */
export function addFileStatement(
  { binding }: Database,
  file: ArchiveFile,
  { now, condition = { sql: "true", params: [] } }: AddedFile,
): D1PreparedStatement {
  return binding
    .prepare(
      `INSERT INTO archive_files (${COLUMNS}, created_at)
       SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16 WHERE ${condition.sql} ON CONFLICT DO NOTHING`,
    )
    .bind(
      file.id,
      file.kind,
      file.key,
      file.partition,
      file.database,
      file.hour,
      file.generation,
      file.first,
      file.last,
      file.rows,
      file.bytes,
      file.footerBytes,
      file.indexLevel,
      file.finished ? 1 : 0,
      file.applications === null ? null : JSON.stringify(file.applications),
      now,
      ...condition.params,
    );
}

export async function markFinished({ binding }: Database, { id }: ArchiveFile): Promise<void> {
  await binding.prepare("UPDATE archive_files SET finished = 1 WHERE file_id = ?1").bind(id).run();
}

/** Records which applications have rows in a file if this was unknown. */
export async function noteApplications(
  { binding }: Database,
  { id }: ArchiveFile,
  applications: readonly string[],
): Promise<void> {
  await binding
    .prepare("UPDATE archive_files SET applications = ?2 WHERE file_id = ?1")
    .bind(id, JSON.stringify(applications))
    .run();
}
