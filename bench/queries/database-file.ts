import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { SERIES_PER_PAGE } from "../../src/model/limits.ts";
import { packId } from "../../src/storage/packed-id.ts";
import { eventAt, type History } from "./history.ts";

/** The SQLite files of the local D1 databases in a folder, while no platform has them open. */
export function databaseFiles(storage: string): string[] {
  return readdirSync(storage, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".sqlite") && name.includes("d1"))
    .map((name) => join(storage, name))
    .filter((file) => {
      const database = new DatabaseSync(file, { readOnly: true });
      const isOurs = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'events'").get() !== undefined;
      database.close();
      return isOurs;
    });
}

/** Brings what lies in the write-ahead log into the file itself, so that it can be copied. */
export function settle(file: string): void {
  const database = new DatabaseSync(file);
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
}

export function hasRows(file: string, table: string): boolean {
  const database = new DatabaseSync(file, { readOnly: true });
  const row = database.prepare(`SELECT 1 FROM ${table} LIMIT 1`).get();
  database.close();
  return row !== undefined;
}

const BUCKETS = [60, 3_600, 86_400] as const;

/**
 * Writes the first `events` of a history straight into a database's file. The rows are those of `writeBatch` (a benchmark
 * compares them); the way there is shorter: no JSON, no look-up whether they are there, and the indexes made at the end,
 * from the migrations' own words.
 */
export function fillFile(file: string, history: History, events: number, progress: (done: number) => void): void {
  const database = new DatabaseSync(file);
  database.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; BEGIN");
  const indexes = database
    .prepare("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'events' AND sql IS NOT NULL")
    .all();
  for (const { name } of indexes) database.exec(`DROP INDEX ${name}`);

  const insert = database.prepare("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  const numbers = new SeriesNumbers(database);
  const minutes = new Map<number, number>();
  for (let place = 0; place < events; place++) {
    const event = eventAt(history, place);
    const { seriesId, categoryId } = numbers.of(event.category, event.name, event.application);
    insert.run(
      event.occurredAt,
      event.receivedAt - event.occurredAt,
      stored(event.session),
      event.sequence,
      categoryId,
      seriesId,
      event.opens ? 1 : 0,
      stored(event.id),
      event.data,
    );
    const minute = seriesId * 2 ** 32 + Math.floor(event.occurredAt / 60_000_000);
    minutes.set(minute, (minutes.get(minute) ?? 0) + 1);
    if (place % 50_000 === 0) progress(place);
  }
  for (const { sql } of indexes) database.exec(String(sql));
  writeCounts(database, minutes);
  database.exec("COMMIT; PRAGMA journal_mode = WAL");
  database.close();
  progress(events);
}

/** An id as its column holds it. */
function stored(id: string): Uint8Array | string {
  const packed = packId(id);
  return packed.startsWith("x") ? Buffer.from(packed.slice(1), "hex") : packed.slice(1);
}

/** @param minutes events by series and minute, as fillFile numbers them. */
function writeCounts(database: DatabaseSync, minutes: Map<number, number>): void {
  const insertMinute = database.prepare("INSERT INTO series_minutes VALUES (?, ?)");
  const insert = database.prepare("INSERT INTO counts VALUES (?, ?, ?, ?, ?)");
  const cells = [...minutes].map(([key, events]) => ({
    seriesId: Math.floor(key / 2 ** 32),
    minute: (key % 2 ** 32) * 60,
    events,
  }));
  for (const { seriesId, minute } of cells) insertMinute.run(seriesId, minute);
  for (const seconds of BUCKETS) {
    const rows = new Map<string, { page: number; bucket: number; bySeries: Record<string, number> }>();
    for (const { seriesId, minute, events } of cells) {
      const page = Math.floor(seriesId / SERIES_PER_PAGE);
      const bucket = Math.floor(minute / seconds) * seconds;
      const row = rows.get(`${page} ${bucket}`) ?? { page, bucket, bySeries: {} };
      rows.set(`${page} ${bucket}`, row);
      row.bySeries[seriesId] = (row.bySeries[seriesId] ?? 0) + events;
    }
    for (const { page, bucket, bySeries } of rows.values()) {
      const events = Object.values(bySeries).reduce((sum, own) => sum + own, 0);
      insert.run(seconds, page, bucket, events, JSON.stringify(bySeries));
    }
  }
}

class SeriesNumbers {
  private readonly known = new Map<string, { seriesId: number; categoryId: number }>();
  private readonly categories = new Map<string, number>();
  private readonly insertCategory;
  private readonly insertSeries;

  constructor(database: DatabaseSync) {
    this.insertCategory = database.prepare("INSERT INTO categories VALUES (?, ?)");
    this.insertSeries = database.prepare("INSERT INTO series VALUES (?, ?, ?, ?)");
  }

  of(category: string, name: string, application: string): { seriesId: number; categoryId: number } {
    const key = `${category}\n${name}\n${application}`;
    const there = this.known.get(key);
    if (there !== undefined) return there;
    const categoryId = this.categories.get(category) ?? this.categories.size + 1;
    if (!this.categories.has(category)) this.insertCategory.run(categoryId, category);
    this.categories.set(category, categoryId);
    const made = { seriesId: this.known.size + 1, categoryId };
    this.known.set(key, made);
    this.insertSeries.run(made.seriesId, categoryId, name, application);
    return made;
  }
}

/** Every row that a batch of events writes, with numbers of categories and series turned into what they stand for. */
const CONTENTS = {
  events: `SELECT occurred_at, received_after, session_id, sequence, category, name, application, opens, id, data,
      typeof(session_id), typeof(id)
    FROM events JOIN series USING (series_id) JOIN categories ON categories.category_id = events.category_id`,
  counts: "SELECT seconds, page, bucket, events FROM counts",
  "counts by series": `SELECT seconds, category, name, application, bucket, value
    FROM counts, json_each(by_series) JOIN series ON series_id = key JOIN categories USING (category_id)`,
  "minutes of series": `SELECT category, name, application, minute
    FROM series_minutes JOIN series USING (series_id) JOIN categories USING (category_id)`,
  series: "SELECT category, name, application FROM series JOIN categories USING (category_id)",
  indexes: "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'events'",
} as const;

/** Compares two databases table by table. @returns rows compared by table, and those that only one of them has. */
export function compareFiles(one: string, other: string): Record<string, { rows: number; different: number }> {
  const database = new DatabaseSync(one, { readOnly: true });
  database.exec(`ATTACH '${other.replaceAll("'", "''")}' AS other`);
  const result: Record<string, { rows: number; different: number }> = {};
  for (const [table, select] of Object.entries(CONTENTS)) {
    const there = select.replace(/\b(FROM|JOIN) (?=[a-z])/g, "$1 other.");
    const count = (sql: string) => Number(database.prepare(`SELECT count(*) AS n FROM (${sql})`).get()?.n);
    result[table] = {
      rows: count(select),
      different:
        count(`${select} EXCEPT ${there}`) +
        count(`${there} EXCEPT ${select}`) +
        Math.abs(count(select) - count(there)),
    };
  }
  database.close();
  return result;
}
