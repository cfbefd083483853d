import { type SQL, sql } from "drizzle-orm";
import { SERIES_PER_PAGE } from "../../model/limits";
import type { Database } from "../core/databases";
import { readBatch } from "../core/reader";
import { MAX_TERMS, unionStatements } from "../core/union-all";
import { withPartitions } from "../partitions/known-partitions";
import type { PartitionMap } from "../partitions/partition-map";
import { NO_PARTITIONS } from "../partitions/partition-records";
import {
  type BucketRange,
  type BucketSpans,
  type CountSource,
  type CountTable,
  cut,
  MINUTE,
  pagesOf,
  spansOf,
  tablesOf,
  within,
} from "./count-tables";

/**
 * Reads counts by dimension key. Hours and days are in `counts`, minutes in a table of each partition. Rows are sent
 * as text and parsed in the Worker, because Workers scale and a database has one thread. Measured over 720 rows of
 * 167 dimension keys: 3 ms in D1, and 7 to 14 ms if D1 itself extracts six of them.
 */

/** Texts in one call. Bounds what a Worker holds at a time. */
const TEXTS_PER_BATCH = 2 * MAX_TERMS;

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
  const byPage = wanted === null ? null : idsByPage(wanted);
  const pages = byPage === null ? await pagesWithin(source, tables) : [...byPage.keys()];
  const pieces = pages.flatMap((page) => piecesOf(page, tables));
  for (let place = 0; place < pieces.length; place += TEXTS_PER_BATCH) {
    const some = pieces.slice(place, place + TEXTS_PER_BATCH);
    const texts = await readTexts(source, some.map(termOf));
    yield countsInTexts(texts, some, byPage);
  }
}

/** A row of a query for counts: the counts of a page of dimension keys. */
export interface CountText {
  rows: string;
}

/** A query for counts, to be sent in one call with others. */
export interface CountQuery {
  statements: SQL[];
  /** @param results those of the statements, in their order */
  read(results: readonly CountText[][]): BucketCounts[];
}

/** The same as `countsIn` for some dimension keys, as statements. Its results are not split, so the range must be short. */
export function countQuery(
  source: CountSource,
  range: BucketRange | BucketSpans,
  wanted: readonly number[],
): CountQuery {
  const byPage = idsByPage(wanted);
  const tables = tablesOf(source, range);
  const pieces = [...byPage.keys()].flatMap((page) => piecesOf(page, tables));
  return {
    statements: unionStatements(pieces.map(termOf)),
    read: (results) =>
      countsInTexts(
        results.flat().map(({ rows }) => rows),
        pieces,
        byPage,
      ),
  };
}

/** A part of a table of counts that is sent as one text. */
interface CountPiece {
  page: number;
  table: CountTable;
}

function piecesOf(page: number, tables: readonly CountTable[]): CountPiece[] {
  return tables.flatMap(cut).map((table) => ({ page, table }));
}

/** Dimension keys by the page of the counts that holds them. */
export function idsByPage(wanted: readonly number[]): Map<number, number[]> {
  return Map.groupBy(wanted, (id) => Math.floor(id / SERIES_PER_PAGE));
}

function termOf({ page, table }: CountPiece): SQL {
  return sql`
    SELECT '[' || coalesce(group_concat('[' || ${table.bucket} || ',' || held.by_series || ']'), '') || ']' AS rows
    FROM ${spansOf(table)} ${table.name} AS held WHERE held.page = ${page} AND ${within(table)}`;
}

function countsInTexts(
  texts: readonly string[],
  pieces: readonly CountPiece[],
  byPage: ReadonlyMap<number, number[]> | null,
): BucketCounts[] {
  return texts.flatMap((text, place) => {
    const rows: [bucket: number, held: Record<string, number>][] = JSON.parse(text);
    const ids = byPage?.get(pieces[place]?.page ?? -1) ?? null;
    return rows.map(([bucket, held]) => ({ bucket, bySeries: pick(held, ids) }));
  });
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

/** Runs terms that each select one text, `rows`, in one call. */
async function readTexts({ database }: CountSource, terms: readonly SQL[]): Promise<string[]> {
  const results = await readBatch<{ rows: string }>(database, unionStatements(terms));
  return results.flat().map(({ rows }) => rows);
}

function pick(held: Record<string, number>, wanted: readonly number[] | null): [seriesId: number, events: number][] {
  if (wanted === null) return Object.entries(held).map(([id, events]) => [Number(id), events]);
  return wanted.flatMap((id) => (held[id] === undefined ? [] : [[id, held[id]]]));
}
