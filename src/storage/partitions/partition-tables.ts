import type { Database } from "../core/databases";
import { recordFrees, recordPeak } from "../erasures/scrub/free-space";
import { isLate, type Lane, lateSuffix, openSuffix, type Partition, sealedSuffix } from "./partition";

/**
 * The tables of a partition. They are created at run time and are in no migration: this file is their only
 * description.
 *
 * - `events_S`: one row for each event, clustered by slot, then by session. The primary key is the event's identity.
 * - `activity_S`: the windows of 15 minutes in which a session has events. Sessions are found by it.
 * - `visits_S`: the sessions of a visitor.
 * - `minutes_S`: exact counts by minute, like `counts`.
 */
const TABLES = ["events", "activity", "visits", "minutes"] as const;

function definitions(suffix: string): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS events_${suffix} (
      slot INTEGER NOT NULL,            -- occurred_at / width of a slot
      sample_key INTEGER NOT NULL,      -- 15 bits of a hash of the session: any share of the sessions is adjacent
      session_id ANY NOT NULL,          -- 16 bytes for a UUID in lower case, otherwise text
      occurred_at INTEGER NOT NULL,     -- microseconds since 1970
      tie INTEGER NOT NULL,             -- 48 bits of a hash of the id
      received_after INTEGER NOT NULL,  -- microseconds from occurred_at to the receipt at the edge; orders equal occurred_at
      series_id INTEGER NOT NULL,
      rare INTEGER,                     -- the category's number if it is rare in the partition
      id ANY NOT NULL,                  -- 16 bytes for a UUID in lower case, otherwise text
      data TEXT NOT NULL,               -- JSON object
      context TEXT,                     -- JSON object
      extra TEXT,                       -- JSON object: members that are not part of the format
      visitor_id ANY,                   -- 16 bytes for a UUID in lower case, otherwise text
      type TEXT,                        -- JSON [category, name] for an event of the overflow key
      PRIMARY KEY (slot, sample_key, session_id, occurred_at, tie)
    ) STRICT, WITHOUT ROWID`,
    `CREATE INDEX IF NOT EXISTS ${rareIndex(suffix)} ON events_${suffix}
      (rare, occurred_at, received_after, session_id, tie) WHERE rare IS NOT NULL`,
    `CREATE TABLE IF NOT EXISTS activity_${suffix} (
      session_id ANY NOT NULL,
      "window" INTEGER NOT NULL,        -- occurred_at / 15 minutes
      PRIMARY KEY (session_id, "window")
    ) STRICT, WITHOUT ROWID`,
    `CREATE TABLE IF NOT EXISTS visits_${suffix} (
      visitor_id ANY NOT NULL,
      session_id ANY NOT NULL,
      PRIMARY KEY (visitor_id, session_id)
    ) STRICT, WITHOUT ROWID`,
    `CREATE TABLE IF NOT EXISTS minutes_${suffix} (
      page INTEGER NOT NULL,            -- series_id / 256
      minute INTEGER NOT NULL,          -- its start, in seconds since 1970
      events INTEGER NOT NULL,          -- of all dimension keys of the page
      by_series TEXT NOT NULL,          -- JSON object: events by series_id
      PRIMARY KEY (page, minute)
    ) STRICT, WITHOUT ROWID`,
  ];
}

/** The partial index of the events of rare categories. SQLite uses it only if the query also says `rare IS NOT NULL`. */
export function rareIndex(suffix: string): string {
  return `events_${suffix}_rare`;
}

/**
 * The databases that share a partition.
 *
 * @throws Error if one of them is not bound. An isolate of an older deployment does not know an added database, and
 * must not record that a partition has all of its tables.
 */
export function databasesSharing(databases: readonly Database[], { id, databases: shared }: Partition): Database[] {
  return shared.map((index) => {
    const database = databases.find((one) => one.index === index);
    if (database === undefined) throw new Error(`the database DB_${index} of partition ${id} is not bound`);
    return database;
  });
}

/** The index of rare categories of a lane. It keeps its name when the table is renamed. */
export function rareIndexOf(lane: Lane): string {
  return rareIndex(isLate(lane) ? lane.suffix : openSuffix(lane.partition));
}

/** Creates the missing tables of a suffix in a database. */
export async function createTables({ binding }: Database, suffix: string): Promise<void> {
  await binding.batch(definitions(suffix).map((statement) => binding.prepare(statement)));
}

/** The statements that rename a partition's tables in one database, so that writers no longer find them. */
export function sealStatements({ binding }: Database, partition: Partition): D1PreparedStatement[] {
  const from = openSuffix(partition);
  const to = sealedSuffix(partition);
  return TABLES.map((table) => binding.prepare(`ALTER TABLE ${table}_${from} RENAME TO ${table}_${to}`));
}

/**
 * Drops the main lane of a partition from its databases. Dropping writes two rows at most, however many the tables hold;
 * the late lane stays. The next erasure overwrites the pages.
 *
 * @throws what D1 throws. Repeating it is harmless.
 */
export async function dropTables(databases: readonly Database[], partition: Partition): Promise<void> {
  for (const database of databasesSharing(databases, partition)) {
    const statements = [openSuffix(partition), sealedSuffix(partition)].flatMap((suffix) =>
      TABLES.map((table) => database.binding.prepare(`DROP TABLE IF EXISTS ${table}_${suffix}`)),
    );
    await recordPeak(database);
    await database.binding.batch([...statements, recordFrees(database.binding)]);
  }
}

/** Creates the late lane of a partition in all of its databases. */
export async function createLateLane(databases: readonly Database[], partition: Partition): Promise<void> {
  for (const database of databasesSharing(databases, partition)) {
    await createTables(database, lateSuffix(partition));
  }
}
