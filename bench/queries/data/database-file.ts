import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { SERIES_PER_PAGE } from "../../../src/model/limits.ts";
import { packId } from "../../../src/storage/core/packed-id.ts";
import { isRare, type Partition, slotOf, WINDOW_MICROS } from "../../../src/storage/partitions/partition.ts";
import { sampleKeyOf } from "../../../src/storage/partitions/sample-key.ts";
import type { EventRow } from "../../../src/storage/write/rows.ts";
import { eventAt, type History } from "./history.ts";

/** The SQLite files of the local D1 databases in a folder, while no platform has them open. */
export function databaseFiles(storage: string): string[] {
  return readdirSync(storage, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".sqlite") && name.includes("d1"))
    .map((name) => join(storage, name))
    .filter((file) => {
      const database = new DatabaseSync(file, { readOnly: true });
      const isOurs = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'partitions'").get() !== undefined;
      database.close();
      return isOurs;
    });
}

/** Moves the contents of the write-ahead log into the file itself, so that it can be copied. */
export function resolve(file: string): void {
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

/**
 * Writes the first `events` of a history directly into a database's file, in which the partitions exist. The rows are those
 * of `writeBatch` (a benchmark compares them), but this is faster: no JSON, no look-up of existing rows, and the indexes are
 * created at the end, from their definitions in the schema.
 */
export function fillFile(file: string, history: History, events: number, progress: (done: number) => void): void {
  const database = new DatabaseSync(file);
  database.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; BEGIN");
  const numbers = new SeriesNumbers(database);
  const counts = new Counts(database);
  let place = 0;
  for (const partition of history.partitions) {
    const from = place;
    while (place < events && (history.occurredAt[place] ?? 0) < partition.to) place += 1;
    if (place > from) fillPartition(database, history, { partition, numbers, counts, from, to: place, progress });
  }
  counts.writeHoursAndDays();
  database.exec("COMMIT; PRAGMA journal_mode = WAL");
  database.close();
  progress(events);
}

interface PartitionFill {
  partition: Partition;
  numbers: SeriesNumbers;
  counts: Counts;
  /** Places of the history, `to` exclusive. */
  from: number;
  to: number;
  progress: (done: number) => void;
}

/** An event with the keys under which it is stored. */
interface SlotEvent {
  row: EventRow;
  session: Uint8Array | string;
  sampleKey: number;
  seriesId: number;
  categoryId: number;
}

function fillPartition(
  database: DatabaseSync,
  history: History,
  { partition, numbers, counts, from, to, progress }: PartitionFill,
): void {
  const { id } = partition;
  const indexes = database
    .prepare(
      `SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'events_${id}' AND sql IS NOT NULL`,
    )
    .all();
  for (const { name } of indexes) database.exec(`DROP INDEX ${name}`);
  const insert = database.prepare(
    `INSERT INTO events_${id} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL, NULL)`,
  );
  let slot = 0;
  let waiting: SlotEvent[] = [];
  // The history is in order of time; within a slot the primary key is ordered by session.
  const flush = () => {
    for (const { row, session, sampleKey, seriesId, categoryId } of waiting.sort(compareKeys)) {
      const { occurredAt, receivedAt, tie, category, data } = row;
      const rare = isRare(partition, category, receivedAt) ? categoryId : null;
      const after = receivedAt - occurredAt;
      insert.run(slot, sampleKey, session, occurredAt, tie, after, seriesId, rare, stored(row.id), data);
    }
    waiting = [];
  };
  for (let place = from; place < to; place++) {
    const row = eventAt(history, place);
    const own = slotOf(row.occurredAt, partition);
    if (own !== slot) flush();
    slot = own;
    const known = numbers.of(row);
    waiting.push({ row, session: stored(row.session), sampleKey: sampleKeyOf(row.session), ...known });
    counts.add(known.seriesId, row.occurredAt);
    if (place % 50_000 === 0) progress(place);
  }
  flush();
  for (const { sql } of indexes) database.exec(String(sql));
  database.exec(`INSERT INTO activity_${id} (session_id, "window")
    SELECT session_id, occurred_at / ${WINDOW_MICROS} FROM events_${id} GROUP BY 1, 2 ORDER BY 1, 2`);
  counts.writeMinutes(partition);
}

function compareKeys(a: SlotEvent, b: SlotEvent): number {
  if (a.sampleKey !== b.sampleKey) return a.sampleKey - b.sampleKey;
  // All ids of a history are UUIDs, whose text sorts like their bytes.
  if (a.row.session !== b.row.session) return a.row.session < b.row.session ? -1 : 1;
  return a.row.occurredAt - b.row.occurredAt || a.row.tie - b.row.tie;
}

/** An id in the form of its column. */
function stored(id: string): Uint8Array | string {
  const packed = packId(id);
  return packed.startsWith("x") ? Buffer.from(packed.slice(1), "hex") : packed.slice(1);
}

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

/** Events by series and bucket, as `series * 2 ** 32 + start of the bucket in minutes`. */
type Aggregates = Map<number, number>;

/** The counts that are written with the events: minutes with their partition, hours and days at the end. */
class Counts {
  private minutes: Aggregates = new Map();
  private readonly hours: Aggregates = new Map();
  private readonly database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.database = database;
  }

  add(seriesId: number, occurredAt: number): void {
    const minute = Math.floor(occurredAt / 60_000_000);
    increase(this.minutes, seriesId, minute, 1);
  }

  writeMinutes({ id }: Partition): void {
    const insert = this.database.prepare(`INSERT INTO minutes_${id} VALUES (?, ?, ?, ?)`);
    for (const { page, bucket, events, bySeries } of pagesOf(this.minutes, MINUTE)) {
      insert.run(page, bucket, events, bySeries);
    }
    for (const [aggregate, events] of this.minutes) {
      increase(this.hours, Math.floor(aggregate / 2 ** 32), Math.floor((aggregate % 2 ** 32) / 60) * 60, events);
    }
    this.minutes = new Map();
  }

  writeHoursAndDays(): void {
    const insert = this.database.prepare("INSERT INTO counts VALUES (?, ?, ?, ?, ?)");
    for (const seconds of [HOUR, DAY]) {
      for (const { page, bucket, events, bySeries } of pagesOf(this.hours, seconds)) {
        insert.run(seconds, page, bucket, events, bySeries);
      }
    }
    const insertHour = this.database.prepare("INSERT INTO series_hours VALUES (?, ?)");
    for (const aggregate of this.hours.keys())
      insertHour.run(Math.floor(aggregate / 2 ** 32), (aggregate % 2 ** 32) * MINUTE);
  }
}

function increase(cells: Aggregates, seriesId: number, minute: number, events: number): void {
  const aggregate = seriesId * 2 ** 32 + minute;
  cells.set(aggregate, (cells.get(aggregate) ?? 0) + events);
}

interface CountRow {
  page: number;
  bucket: number;
  events: number;
  bySeries: string;
}

/** The rows of counts of one width, in the order of their primary key. */
function pagesOf(cells: Aggregates, seconds: number): CountRow[] {
  const rows = new Map<string, { page: number; bucket: number; bySeries: Record<string, number> }>();
  for (const [aggregate, events] of cells) {
    const seriesId = Math.floor(aggregate / 2 ** 32);
    const page = Math.floor(seriesId / SERIES_PER_PAGE);
    const bucket = Math.floor(((aggregate % 2 ** 32) * MINUTE) / seconds) * seconds;
    const row = rows.get(`${page} ${bucket}`) ?? { page, bucket, bySeries: {} };
    rows.set(`${page} ${bucket}`, row);
    row.bySeries[seriesId] = (row.bySeries[seriesId] ?? 0) + events;
  }
  return [...rows.values()]
    .map(({ page, bucket, bySeries }) => ({
      ...{ page, bucket, bySeries: JSON.stringify(bySeries) },
      events: Object.values(bySeries).reduce((sum, own) => sum + own, 0),
    }))
    .sort((a, b) => a.page - b.page || a.bucket - b.bucket);
}

class SeriesNumbers {
  private readonly known = new Map<string, { seriesId: number; categoryId: number }>();
  private readonly categories = new Map<string, number>();
  private readonly insertCategory;
  private readonly insertSeries;

  constructor(database: DatabaseSync) {
    this.insertCategory = database.prepare("INSERT INTO categories (category) VALUES (?)");
    this.insertSeries = database.prepare("INSERT INTO series VALUES (?, ?, ?, ?, ?)");
  }

  of({ category, name, application, receivedAt }: EventRow): { seriesId: number; categoryId: number } {
    const key = `${category}\n${name}\n${application}`;
    const there = this.known.get(key);
    if (there !== undefined) return there;
    const categoryId = this.categories.get(category) ?? Number(this.insertCategory.run(category).lastInsertRowid);
    this.categories.set(category, categoryId);
    const made = { seriesId: this.known.size + 1, categoryId };
    this.known.set(key, made);
    this.insertSeries.run(made.seriesId, categoryId, name, application, Math.floor(receivedAt / (DAY * 1_000_000)));
    return made;
  }
}
