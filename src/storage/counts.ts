import { type SQL, sql } from "drizzle-orm";
import { SERIES_PER_PAGE } from "../model/limits";
import type { Reader } from "./reader";
import { jsonList } from "./series";
import { counts } from "./tables";

/**
 * Reading `counts`, whose rows hold the events of a bucket by series. The rows travel as text and are taken apart here:
 * Workers are many, and a database has one thread. Measured over 720 rows of 167 series: 3 ms in D1, and 7 to 14 where it
 * is to look six series up.
 */

/** Rows that come as one text, which is quicker than as rows. D1 takes texts of 2 MB. */
const ROWS_PER_TEXT = 250;

/** Buckets of one width, by their starts in seconds since 1970. */
export interface BucketRange {
  /** 60, 3600 or 86400. */
  seconds: number;
  first: number;
  last: number;
}

/** The events of a bucket by series, as far as they are asked for: those of one page, so a bucket may come several times. */
export interface BucketCounts {
  bucket: number;
  bySeries: [seriesId: number, events: number][];
}

/** The pages of a database. */
const EVERY_PAGE = sql`(
  WITH RECURSIVE every (page) AS (
    SELECT 0 UNION ALL
    SELECT page + 1 FROM every WHERE page < (SELECT max(series_id) / ${sql.raw(String(SERIES_PER_PAGE))} FROM series)
  )
  SELECT page FROM every
) AS pages`;

/** The events of all series in each bucket that has some. Reads a row for each bucket and page, and leaves the series. */
export async function totalsIn(reader: Reader, { seconds, first, last }: BucketRange): Promise<Map<number, number>> {
  const [all] = await reader.all<{ rows: string }>(sql`
    SELECT json_group_array(json_array(held.bucket, held.events)) AS rows FROM ${EVERY_PAGE} CROSS JOIN ${counts} AS held
    WHERE held.seconds = ${seconds} AND held.page = pages.page AND held.bucket BETWEEN ${first} AND ${last}`);
  const rows: [bucket: number, events: number][] = JSON.parse(all?.rows ?? "[]");
  const totals = new Map<number, number>();
  for (const [bucket, events] of rows) totals.set(bucket, (totals.get(bucket) ?? 0) + events);
  return totals;
}

/**
 * The events of the given series in each bucket. Reads a row for each bucket and page; page by page, so that no more than
 * one page's rows are held at a time: some 4 KB for each bucket.
 */
export async function* countsIn(
  reader: Reader,
  { seconds, first, last }: BucketRange,
  seriesIds: readonly number[],
): AsyncGenerator<BucketCounts> {
  const stretch = ROWS_PER_TEXT * seconds;
  const starts = Array.from({ length: Math.ceil((last - first + seconds) / stretch) }, (_, n) => first + n * stretch);
  for (const [page, ids] of pagesOf(seriesIds)) {
    const texts = await Promise.all(
      starts.map((from) =>
        readRows(
          reader,
          sql`${counts} AS held WHERE held.seconds = ${seconds} AND held.page = ${page}
            AND held.bucket BETWEEN ${from} AND ${Math.min(last, from + stretch - seconds)}`,
        ),
      ),
    );
    for (const [bucket, , held] of texts.flat()) yield { bucket, bySeries: pick(held, ids) };
  }
}

/** The events of each of the given series in a range. */
export async function sumBySeries(
  reader: Reader,
  range: BucketRange,
  seriesIds: readonly number[],
): Promise<Map<number, number>> {
  const sums = new Map<number, number>();
  for await (const { bySeries } of countsIn(reader, range, seriesIds)) {
    for (const [seriesId, events] of bySeries) sums.set(seriesId, (sums.get(seriesId) ?? 0) + events);
  }
  return sums;
}

/** What a minute holds: of all series, and by series as far as they are asked for. */
export interface MinuteCounts {
  events: number;
  bySeries: Map<number, number>;
}

/** What the given minutes hold, by their starts in seconds since 1970. Reads a row for each minute and page. */
export async function countsOfMinutes(
  reader: Reader,
  minutes: readonly number[],
  seriesIds: readonly number[],
): Promise<Map<number, MinuteCounts>> {
  const pages = [...pagesOf(seriesIds).keys()];
  const atOnce = Math.max(1, Math.floor(ROWS_PER_TEXT / Math.max(1, pages.length)));
  const found = new Map<number, MinuteCounts>();
  for (let from = 0; from < minutes.length; from += atOnce) {
    const some = JSON.stringify(minutes.slice(from, from + atOnce));
    const rows = await readRows(
      reader,
      sql`json_each(${some}) AS minutes CROSS JOIN ${EVERY_PAGE} CROSS JOIN ${counts} AS held
        WHERE held.seconds = 60 AND held.page = pages.page AND held.bucket = minutes.value`,
      sql`iif(held.page IN ${jsonList(pages)}, held.by_series, '{}')`,
    );
    for (const [minute, events, held] of rows) {
      const entry = found.get(minute) ?? { events: 0, bySeries: new Map() };
      entry.events += events;
      for (const [seriesId, own] of pick(held, seriesIds)) entry.bySeries.set(seriesId, own);
      found.set(minute, entry);
    }
  }
  return found;
}

type Row = [bucket: number, events: number, bySeries: Record<string, number>];

/** Rows of counts, put together as text without a look into them. */
async function readRows(reader: Reader, from: SQL, bySeries = sql`held.by_series`): Promise<Row[]> {
  const [all] = await reader.all<{ rows: string }>(sql`
    SELECT '[' || coalesce(group_concat('[' || held.bucket || ',' || held.events || ',' || ${bySeries} || ']'), '') || ']' AS rows
    FROM ${from}`);
  return JSON.parse(all?.rows ?? "[]");
}

function pick(held: Record<string, number>, seriesIds: readonly number[]): [seriesId: number, events: number][] {
  return seriesIds.flatMap((id) => (held[id] === undefined ? [] : [[id, held[id]]]));
}

/** The given series by page. */
function pagesOf(seriesIds: readonly number[]): Map<number, number[]> {
  return Map.groupBy(seriesIds, (id) => Math.floor(id / SERIES_PER_PAGE));
}
