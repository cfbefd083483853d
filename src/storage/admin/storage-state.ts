import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { firstDatabase } from "../core/databases";
import { unionTexts } from "../core/union-all";
import { eventsOfLastDay } from "../counts/events-by-hour";
import type { Partition } from "../partitions/partition";
import { loadPartitionMap, NO_PARTITIONS } from "../partitions/partition-records";

/** The state of the storage for operators. All functions here throw what D1 throws. */

/** D1's limit is 10 GB. A database above 8 GB gets no further partition. */
export const MAX_DATABASE_BYTES = 10_000_000_000;

export interface DatabaseState {
  database: number;
  bytes: number;
  /** Events that occurred in the last 24 hours, and events in all of its partitions. */
  eventsOfLastDay: number;
  events: number;
  /**
   * The days until it is full at the rate of the last day; null if nothing is added, or if the hot window ends
   * before.
   */
  daysLeft: number | null;
}

export interface PartitionState {
  partition: Partition;
  /** Its events in the databases, and in the archive. */
  hotEvents: number;
  archivedEvents: number;
  archivedBytes: number;
  files: number;
  /** Rows that the compactor has copied so far, and why it cannot continue. */
  copiedEvents: number;
  failure: string | null;
}

export interface Deletion {
  at: Micros;
  kind: string;
  what: string;
  rows: number;
  bytes: number;
}

export interface StorageState {
  databases: DatabaseState[];
  partitions: PartitionState[];
  archivedErrors: { errors: number; bytes: number; files: number };
  deletions: Deletion[];
}

/** Reads the minute counts of each partition in the databases: one row for each minute and 256 dimension keys. */
export async function readStorageState(databases: readonly Database[], now: Micros): Promise<StorageState> {
  const first = firstDatabase(databases);
  const map = await loadPartitionMap(first, NO_PARTITIONS);
  const [archived, archivedErrors, copied, deletions] = await Promise.all([
    archivedOf(first),
    archivedErrorsOf(first),
    progressOf(first),
    first.binding
      .prepare("SELECT at, kind, what, rows, bytes FROM retention_log ORDER BY id DESC LIMIT 20")
      .all<Deletion>(),
  ]);
  const hot = new Map<number, Map<number, number>>();
  for (const database of databases) hot.set(database.index, await hotEvents(database, map.partitions));
  const partitions = map.partitions.map((partition): PartitionState => {
    const own = archived.get(partition.id);
    const progress = copied.get(partition.id);
    return {
      partition,
      hotEvents: [...hot.values()].reduce((sum, held) => sum + (held.get(partition.id) ?? 0), 0),
      archivedEvents: own?.rows ?? 0,
      archivedBytes: own?.bytes ?? 0,
      files: own?.files ?? 0,
      copiedEvents: progress?.rows ?? 0,
      failure: progress?.failure ?? null,
    };
  });
  const states = await Promise.all(
    databases.map(async (database): Promise<DatabaseState> => {
      const events = [...(hot.get(database.index)?.values() ?? [])].reduce((sum, one) => sum + one, 0);
      return databaseState(database, events, now);
    }),
  );
  return { databases: states, partitions, archivedErrors, deletions: deletions.results };
}

/** The days until a database with this number of events is full at the rate of its last day; null if nothing is added. */
export async function daysLeftOf(database: Database, events: number, now: Micros): Promise<number | null> {
  return (await databaseState(database, events, now)).daysLeft;
}

async function databaseState(database: Database, events: number, now: Micros): Promise<DatabaseState> {
  const { events: ofLastDay, bytes } = await eventsOfLastDay(database, now);
  const bytesOfDay = events === 0 ? 0 : (bytes / events) * ofLastDay;
  const daysLeft = bytesOfDay === 0 ? null : Math.max(0, (MAX_DATABASE_BYTES - bytes) / bytesOfDay);
  return { database: database.index, bytes, eventsOfLastDay: ofLastDay, events, daysLeft };
}

async function hotEvents({ index, binding }: Database, partitions: readonly Partition[]): Promise<Map<number, number>> {
  const held = partitions.filter(
    ({ databases, ready, state }) => databases.includes(index) && ready && (state === "open" || state === "sealed"),
  );
  const terms = held.map(
    ({ id, state }) =>
      `SELECT ${id} AS id, coalesce(sum(events), 0) AS events FROM minutes_${id}${state === "sealed" ? "s" : ""}`,
  );
  const statements = unionTexts(terms).map((text) => binding.prepare(text));
  if (statements.length === 0) return new Map();
  const results = await binding.batch<{ id: number; events: number }>(statements);
  return new Map(results.flatMap(({ results: rows }) => rows.map(({ id, events }) => [id, events] as const)));
}

async function archivedOf({ binding }: Database) {
  const { results } = await binding
    .prepare(
      `SELECT partition_id AS id, sum(rows) AS rows, sum(bytes) AS bytes, count(*) AS files FROM archive_files
       WHERE kind = 'events' GROUP BY partition_id`,
    )
    .all<{ id: number; rows: number; bytes: number; files: number }>();
  return new Map(results.map((row) => [row.id, row]));
}

async function archivedErrorsOf({ binding }: Database): Promise<StorageState["archivedErrors"]> {
  const sums = await binding
    .prepare(
      `SELECT coalesce(sum(rows), 0) AS errors, coalesce(sum(bytes), 0) AS bytes, count(*) AS files FROM archive_files
       WHERE kind = 'errors'`,
    )
    .first<StorageState["archivedErrors"]>();
  return sums ?? { errors: 0, bytes: 0, files: 0 };
}

async function progressOf({ binding }: Database) {
  const { results } = await binding
    .prepare("SELECT partition_id AS id, sum(rows) AS rows, max(failure) AS failure FROM compactions GROUP BY 1")
    .all<{ id: number; rows: number; failure: string | null }>();
  return new Map(results.map((row) => [row.id, row]));
}
