import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../core/databases";
import { mainLane } from "../partitions/partition";
import type { PartitionMap } from "../partitions/partition-map";

export const MINUTE = 60;

/** Rows sent as one text, which is faster than single rows. D1 limits a text to 2 MB, and a row has at most 5 KB. */
export const ROWS_PER_TEXT = 250;

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
  /** True for counts by receipt in place of the timestamp. */
  byReceipt?: boolean;
}

/** A table of counts with the buckets to read from it. */
export interface CountTable {
  name: SQL;
  /** Its column with the starts of the buckets. */
  bucket: SQL;
  /** Restricts it to one width, if it has several. */
  width: SQL;
  seconds: number;
  spans: readonly Span[];
}

/** The tables of a database that hold buckets of the range. Each minute is in one of them. */
export function tablesOf(
  { database, map, byReceipt = false }: CountSource,
  range: BucketRange | BucketSpans,
): CountTable[] {
  const { seconds } = range;
  const spans: readonly Span[] = "spans" in range ? range.spans : [[range.first, range.last]];
  const [start, end] = [spans[0]?.[0], spans.at(-1)?.[1]];
  if (start === undefined || end === undefined) return [];
  if (byReceipt || seconds !== MINUTE) {
    const name = byReceipt ? sql`receipt_counts` : sql`counts`;
    return [{ name, bucket: sql`held.bucket`, width: sql`held.seconds = ${seconds}`, seconds, spans }];
  }
  return map
    .overlapping(start * 1_000_000, end * 1_000_000)
    .filter(({ databases }) => databases.includes(database.index))
    .flatMap((partition) => {
      const main = mainLane(partition, database);
      if (main === null) return [];
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
 * Ranges of buckets as a term of FROM before their table, for `isWithin`: one bound parameter, because D1 allows 100 in a
 * query. Empty for a single range: D1 also bills the rows of json_each.
 */
export function spansOf({ spans }: Pick<CountTable, "spans">): SQL {
  if (spans.length === 1) return sql``;
  return sql`(SELECT value ->> 0 AS low, value ->> 1 AS high FROM json_each(${JSON.stringify(spans)})) AS span CROSS JOIN`;
}

export function within({ width, ...table }: CountTable): SQL {
  return sql`${width} AND ${isWithin(table)}`;
}

/** The condition that a bucket is in one of the ranges. */
export function isWithin({ bucket, spans }: Pick<CountTable, "bucket" | "spans">): SQL {
  const [only] = spans;
  if (only === undefined || spans.length > 1) return sql`${bucket} BETWEEN span.low AND span.high`;
  return sql`${bucket} BETWEEN ${only[0]} AND ${only[1]}`;
}

/** The pages of a table, each found by one seek. A database has one page for each 256 dimension keys. */
export function pagesOf({ name, width }: CountTable): SQL {
  return sql`(
    WITH RECURSIVE every (page) AS (
      SELECT min(held.page) FROM ${name} AS held WHERE ${width} UNION ALL
      SELECT (SELECT min(held.page) FROM ${name} AS held WHERE ${width} AND held.page > every.page)
      FROM every WHERE every.page IS NOT NULL
    )
    SELECT page FROM every WHERE page IS NOT NULL
  )`;
}

/** Splits a table's ranges so that each part is sent as one text. */
export function cut(table: CountTable): CountTable[] {
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
