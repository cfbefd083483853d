import { type SQL, sql } from "drizzle-orm";
import { SERIES_PER_PAGE } from "../../model/limits";
import type { Database } from "../core/databases";
import { readBatch } from "../core/reader";
import { withPartitions } from "../partitions/known-partitions";
import { isLate, lanesToRead } from "../partitions/partition";
import type { PartitionMap } from "../partitions/partition-map";
import { NO_PARTITIONS } from "../partitions/partition-records";

/**
 * Reading counts by series. Hours and days stand in `counts`, minutes in a table of each partition. Rows travel as text and
 * are parsed in the Worker: Workers are many, and a database has one thread. Measured over 720 rows of 167 series: 3 ms in D1,
 * and 7 to 14 where D1 itself extracts six series.
 */

const MINUTE = 60;

/** Rows that come as one text, which is quicker than as rows. D1 takes texts of 2 MB, and a row is of 5 KB at most. */
const ROWS_PER_TEXT = 250;

/** Terms of one UNION ALL: D1's limit. */
const MAX_TERMS = 5;

/** Texts in one call: bounds what a Worker holds at a time. */
const TEXTS_PER_BATCH = 2 * MAX_TERMS;

/** Buckets of one width, by their starts in seconds since 1970. */
export interface BucketRange {
  /** 60, 3600 or 86400. */
  seconds: number;
  first: number;
  last: number;
}

/** A database, and the partitions among which its minutes lie. */
export interface CountSource {
  database: Database;
  map: PartitionMap;
}

/** The events of a bucket by series, as far as they are asked for. A bucket comes once for each page of series. */
export interface BucketCounts {
  bucket: number;
  bySeries: [seriesId: number, events: number][];
}

/**
 * Runs a query over the counts of all databases. The partition map is read for minutes alone, as it stands now.
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

/** The events of all series in each bucket that has some. Reads a row for each bucket and page of series, and no series. */
export async function totalsIn(source: CountSource, range: BucketRange): Promise<Map<number, number>> {
  const terms = tablesOf(source, range).map(
    (table) => sql`
      SELECT json_group_array(json_array(bucket, events)) AS rows FROM (
        SELECT ${table.bucket} AS bucket, sum(held.events) AS events
        FROM ${pagesOf(table)} AS pages CROSS JOIN ${table.name} AS held
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
 * The events in each bucket by series. Reads a row for each bucket and page of series, and holds some ten texts of
 * ROWS_PER_TEXT rows at a time.
 *
 * @param wanted the series that are asked for; null: all that have events in the range
 */
export async function* countsIn(
  source: CountSource,
  range: BucketRange,
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
        FROM ${table.name} AS held WHERE held.page = ${page} AND ${within(table)}`,
    );
    const texts = await readTexts(source, terms);
    yield texts.flatMap((text, index) => {
      const rows: [bucket: number, held: Record<string, number>][] = JSON.parse(text);
      const ids = byPage?.get(some[index]?.page ?? -1) ?? null;
      return rows.map(([bucket, held]) => ({ bucket, bySeries: pick(held, ids) }));
    });
  }
}

/** The events of each of the given series in a range. */
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

/** A table of counts with the buckets to read of it. */
interface CountTable {
  name: SQL;
  /** Its column with the buckets' starts. */
  bucket: SQL;
  /** Leaves its buckets of one width, if it has others. */
  width: SQL;
  range: BucketRange;
}

/** The tables of a database that hold buckets of the range. A minute lies in one of them. */
function tablesOf({ database, map }: CountSource, range: BucketRange): CountTable[] {
  const { seconds, first, last } = range;
  if (seconds !== MINUTE) {
    return [{ name: sql`counts`, bucket: sql`held.bucket`, width: sql`held.seconds = ${seconds}`, range }];
  }
  return map
    .overlapping(first * 1_000_000, last * 1_000_000)
    .filter(({ databases }) => databases.includes(database.index))
    .flatMap((partition) => {
      // A late lane has no counts: its events are counted when it is emptied.
      const [main] = lanesToRead(partition).filter((lane) => !isLate(lane));
      if (main === undefined) return [];
      const own = { first: partition.from / 1_000_000, last: partition.to / 1_000_000 - MINUTE };
      return [
        {
          name: sql.identifier(`minutes_${main.suffix}`).getSQL(),
          ...{ bucket: sql`held.minute`, width: sql`true` },
          range: { seconds, first: Math.max(first, own.first), last: Math.min(last, own.last) },
        },
      ];
    });
}

function within({ bucket, width, range: { first, last } }: CountTable): SQL {
  return sql`${width} AND ${bucket} BETWEEN ${first} AND ${last}`;
}

/** The pages of a table, each found by one seek: a database has as many as 256 go into its series. */
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

/** The pages with an event in the range. */
async function pagesWithin(source: CountSource, tables: CountTable[]): Promise<number[]> {
  const terms = tables.map(
    (table) => sql`
      SELECT json_group_array(pages.page) AS rows FROM ${pagesOf(table)} AS pages WHERE EXISTS (
        SELECT 1 FROM ${table.name} AS held WHERE held.page = pages.page AND ${within(table)}
      )`,
  );
  const texts = await readTexts(source, terms);
  const pages = texts.flatMap((text): number[] => JSON.parse(text));
  return [...new Set(pages)].sort((a, b) => a - b);
}

/** Cuts a table's range so that each part comes as one text. */
function cut(table: CountTable): CountTable[] {
  const { seconds, first, last } = table.range;
  const stretch = ROWS_PER_TEXT * seconds;
  return Array.from({ length: Math.ceil((last - first + seconds) / stretch) }, (_, n) => {
    const from = first + n * stretch;
    return { ...table, range: { seconds, first: from, last: Math.min(last, from + stretch - seconds) } };
  });
}

/** Runs terms that select one text each, `rows`, in one call. */
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
