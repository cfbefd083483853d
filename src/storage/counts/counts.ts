import { type SQL, sql } from "drizzle-orm";
import { SERIES_PER_PAGE } from "../../model/limits";
import type { Database } from "../core/databases";
import { readBatch } from "../core/reader";
import { withPartitions } from "../partitions/known-partitions";
import { isLate, lanesToRead } from "../partitions/partition";
import type { PartitionMap } from "../partitions/partition-map";
import { NO_PARTITIONS } from "../partitions/partition-records";

/**
 * Reads counts by dimension key. Hours and days are in `counts`, minutes in a table of each partition. Rows are sent
 * as text and parsed in the Worker, because Workers scale and a database has one thread. Measured over 720 rows of
 * 167 dimension keys: 3 ms in D1, and 7 to 14 ms if D1 itself extracts six of them.
 */

const MINUTE = 60;

/** Rows sent as one text, which is faster than single rows. D1 limits a text to 2 MB, and a row has at most 5 KB. */
const ROWS_PER_TEXT = 250;

/** Terms of one UNION ALL: D1's limit. */
const MAX_TERMS = 5;

/** Texts in one call. Bounds what a Worker holds at a time. */
const TEXTS_PER_BATCH = 2 * MAX_TERMS;

/** Buckets of one width, by their starts in seconds since 1970. */
export interface BucketRange {
  /** 60, 3600 or 86400. */
  seconds: number;
  first: number;
  last: number;
}

/** Buckets of one width in several ranges, ascending and disjoint. */
export interface BucketSpans {
  seconds: number;
  spans: readonly Span[];
}

/** The starts of the first and the last bucket of a range, in seconds since 1970. */
export type Span = readonly [first: number, last: number];

/** A database, and the partitions that hold its minutes. */
export interface CountSource {
  database: Database;
  map: PartitionMap;
}

/** The requested events of a bucket by dimension key. Each page of dimension keys yields its own entry for a bucket. */
export interface BucketCounts {
  bucket: number;
  bySeries: [seriesId: number, events: number][];
}

/**
 * Runs a query over the counts of all databases. It reads the current partition map only if it needs minutes.
 *
 * @throws DrizzleQueryError
 */
export function withCounts<Result>(
  databases: readonly Database[],
  { seconds }: Pick<BucketRange, "seconds">,
  query: (sources: CountSource[]) => Promise<Result>,
): Promise<Result> {
  const ask = (map: PartitionMap) => query(databases.map((database) => ({ database, map })));
  return seconds === MINUTE ? withPartitions(databases, ask) : ask(NO_PARTITIONS);
}

/**
 * The total events of each bucket that has any. Reads one row for each bucket and page of dimension keys, and no
 * `series` row.
 */
export async function totalsIn(source: CountSource, range: BucketRange | BucketSpans): Promise<Map<number, number>> {
  const terms = tablesOf(source, range).map(
    (table) => sql`
      SELECT json_group_array(json_array(bucket, events)) AS rows FROM (
        SELECT ${table.bucket} AS bucket, sum(held.events) AS events
        FROM ${pagesOf(table)} AS pages CROSS JOIN ${spansOf(table)} ${table.name} AS held
        WHERE held.page = pages.page AND ${within(table)} GROUP BY 1
      )`,
  );
  const totals = new Map<number, number>();
  for (const text of await readTexts(source, terms)) {
    const rows: [bucket: number, events: number][] = JSON.parse(text);
    for (const [bucket, events] of rows) totals.set(bucket, (totals.get(bucket) ?? 0) + events);
  }
  return totals;
}

/**
 * The events of each bucket by dimension key. Reads one row for each bucket and page of keys, and holds about ten
 * texts of ROWS_PER_TEXT rows at a time.
 *
 * @param wanted the requested dimension keys; null for all that have events in the range
 */
export async function* countsIn(
  source: CountSource,
  range: BucketRange | BucketSpans,
  wanted: readonly number[] | null,
): AsyncGenerator<BucketCounts[]> {
  const tables = tablesOf(source, range);
  const byPage = wanted === null ? null : Map.groupBy(wanted, (id) => Math.floor(id / SERIES_PER_PAGE));
  const pages = byPage === null ? await pagesWithin(source, tables) : [...byPage.keys()];
  const pieces = pages.flatMap((page) => tables.flatMap(cut).map((table) => ({ page, table })));
  for (let place = 0; place < pieces.length; place += TEXTS_PER_BATCH) {
    const some = pieces.slice(place, place + TEXTS_PER_BATCH);
    const terms = some.map(
      ({ page, table }) => sql`
        SELECT '[' || coalesce(group_concat('[' || ${table.bucket} || ',' || held.by_series || ']'), '') || ']' AS rows
        FROM ${spansOf(table)} ${table.name} AS held WHERE held.page = ${page} AND ${within(table)}`,
    );
    const texts = await readTexts(source, terms);
    yield texts.flatMap((text, index) => {
      const rows: [bucket: number, held: Record<string, number>][] = JSON.parse(text);
      const ids = byPage?.get(some[index]?.page ?? -1) ?? null;
      return rows.map(([bucket, held]) => ({ bucket, bySeries: pick(held, ids) }));
    });
  }
}

/** The events of each of the given dimension keys in a range. */
export async function sumBySeries(
  source: CountSource,
  range: BucketRange,
  seriesIds: readonly number[],
): Promise<Map<number, number>> {
  const sums = new Map<number, number>();
  for await (const buckets of countsIn(source, range, seriesIds)) {
    for (const { bySeries } of buckets) {
      for (const [seriesId, events] of bySeries) sums.set(seriesId, (sums.get(seriesId) ?? 0) + events);
    }
  }
  return sums;
}

/** A table of counts with the buckets to read from it. */
interface CountTable {
  name: SQL;
  /** Its column with the starts of the buckets. */
  bucket: SQL;
  /** Restricts it to one width, if it has several. */
  width: SQL;
  seconds: number;
  spans: readonly Span[];
}

/** The tables of a database that hold buckets of the range. Each minute is in one of them. */
function tablesOf({ database, map }: CountSource, range: BucketRange | BucketSpans): CountTable[] {
  const { seconds } = range;
  const spans: readonly Span[] = "spans" in range ? range.spans : [[range.first, range.last]];
  const [start, end] = [spans[0]?.[0], spans.at(-1)?.[1]];
  if (start === undefined || end === undefined) return [];
  if (seconds !== MINUTE) {
    return [{ name: sql`counts`, bucket: sql`held.bucket`, width: sql`held.seconds = ${seconds}`, seconds, spans }];
  }
  return map
    .overlapping(start * 1_000_000, end * 1_000_000)
    .filter(({ databases }) => databases.includes(database.index))
    .flatMap((partition) => {
      // A late lane has no counts: its events are counted when it is flushed.
      const [main] = lanesToRead(partition).filter((lane) => !isLate(lane));
      if (main === undefined) return [];
      const own = clip(spans, partition.from / 1_000_000, partition.to / 1_000_000 - MINUTE);
      if (own.length === 0) return [];
      const name = sql.identifier(`minutes_${main.suffix}`).getSQL();
      return [{ name, bucket: sql`held.minute`, width: sql`true`, seconds, spans: own }];
    });
}

/** The parts of some ranges between two buckets. */
function clip(spans: readonly Span[], from: number, to: number): Span[] {
  return spans
    .map(([first, last]): Span => [Math.max(first, from), Math.min(last, to)])
    .filter(([first, last]) => first <= last);
}

/**
 * The ranges of a table as a term of FROM before the table, for `within`: one bound parameter, because D1 allows 100
 * in a query. Empty for a single range: D1 also bills the rows of json_each.
 */
function spansOf({ spans }: CountTable): SQL {
  if (spans.length === 1) return sql``;
  return sql`(SELECT value ->> 0 AS low, value ->> 1 AS high FROM json_each(${JSON.stringify(spans)})) AS span CROSS JOIN`;
}

function within({ bucket, width, spans }: CountTable): SQL {
  const [only] = spans;
  if (only === undefined || spans.length > 1) return sql`${width} AND ${bucket} BETWEEN span.low AND span.high`;
  return sql`${width} AND ${bucket} BETWEEN ${only[0]} AND ${only[1]}`;
}

/** The pages of a table, each found by one seek. A database has one page for each 256 dimension keys. */
function pagesOf({ name, width }: CountTable): SQL {
  return sql`(
    WITH RECURSIVE every (page) AS (
      SELECT min(held.page) FROM ${name} AS held WHERE ${width} UNION ALL
      SELECT (SELECT min(held.page) FROM ${name} AS held WHERE ${width} AND held.page > every.page)
      FROM every WHERE every.page IS NOT NULL
    )
    SELECT page FROM every WHERE page IS NOT NULL
  )`;
}

/** The pages that have an event in the range. */
async function pagesWithin(source: CountSource, tables: CountTable[]): Promise<number[]> {
  const terms = tables.map(
    (table) => sql`
      SELECT json_group_array(pages.page) AS rows FROM ${pagesOf(table)} AS pages WHERE EXISTS (
        SELECT 1 FROM ${spansOf(table)} ${table.name} AS held
        WHERE held.page = pages.page AND ${within(table)}
      )`,
  );
  const texts = await readTexts(source, terms);
  const pages = texts.flatMap((text): number[] => JSON.parse(text));
  return [...new Set(pages)].sort((a, b) => a - b);
}

/** Splits a table's ranges so that each part is sent as one text. */
function cut(table: CountTable): CountTable[] {
  const { seconds, spans } = table;
  const parts: CountTable[] = [];
  let own: Span[] = [];
  let room = ROWS_PER_TEXT;
  const close = () => {
    if (own.length > 0) parts.push({ ...table, spans: own });
    own = [];
    room = ROWS_PER_TEXT;
  };
  for (const [first, last] of spans) {
    for (let from = first; from <= last; ) {
      const to = Math.min(last, from + (room - 1) * seconds);
      own.push([from, to]);
      room -= (to - from) / seconds + 1;
      from = to + seconds;
      if (room === 0) close();
    }
  }
  close();
  return parts;
}

/** Runs terms that each select one text, `rows`, in one call. */
async function readTexts({ database }: CountSource, terms: readonly SQL[]): Promise<string[]> {
  const statements = Array.from({ length: Math.ceil(terms.length / MAX_TERMS) }, (_, n) =>
    sql.join(terms.slice(n * MAX_TERMS, (n + 1) * MAX_TERMS), sql` UNION ALL `),
  );
  const results = await readBatch<{ rows: string }>(database, statements);
  return results.flat().map(({ rows }) => rows);
}

function pick(held: Record<string, number>, wanted: readonly number[] | null): [seriesId: number, events: number][] {
  if (wanted === null) return Object.entries(held).map(([id, events]) => [Number(id), events]);
  return wanted.flatMap((id) => (held[id] === undefined ? [] : [[id, held[id]]]));
}
