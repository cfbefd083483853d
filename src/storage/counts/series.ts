import { and, eq, inArray, type SQL, sql } from "drizzle-orm";
import type { Database } from "../core/databases";
import { MAX_SERIES_REMEMBERED } from "../core/read-limits";
import type { Reader } from "../core/reader";
import { categories, series } from "../core/tables";

/** A dimension key: an application with an event type. Its numbers are valid in one database only. */
export interface Series {
  seriesId: number;
  categoryId: number;
  /** Empty in an application's overflow key, like the name: see write/write-series.ts. */
  category: string;
  name: string;
  application: string;
}

/** The category and the name that responses show for an overflow key. */
export const OTHER = "(other)";

export interface SeriesFilter {
  category: string | null;
  name: string | null;
  /** Of any of these applications; null for all. */
  applications: readonly string[] | null;
}

/** Rows of `series` never change, so a cached row is valid as long as the database is not restored to an older state. */
const remembered = new WeakMap<D1Database, Map<number, Series>>();

/** Clears the cache for a database that was emptied or restored under a running isolate. */
export function forgetSeries({ binding }: Database): void {
  remembered.delete(binding);
}

/**
 * The dimension keys with the given numbers: one query for those that the isolate has not cached. It caches
 * MAX_SERIES_REMEMBERED of each database.
 */
export async function seriesOf(
  database: Database,
  reader: Reader,
  ids: Iterable<number>,
): Promise<Map<number, Series>> {
  const cache = remembered.get(database.binding) ?? new Map<number, Series>();
  remembered.set(database.binding, cache);
  const found = new Map<number, Series>();
  const missing: number[] = [];
  for (const id of new Set(ids)) {
    const known = cache.get(id);
    if (known === undefined) missing.push(id);
    else found.set(id, known);
  }
  if (missing.length === 0) return found;
  const rows = await rowsOf(reader, missing);
  if (cache.size + rows.length > MAX_SERIES_REMEMBERED) cache.clear();
  for (const row of rows) {
    if (cache.size < MAX_SERIES_REMEMBERED) cache.set(row.seriesId, row);
    found.set(row.seriesId, row);
  }
  return found;
}

/**
 * The same without the cache, for what is kept for good: in a database that was restored under a running isolate, numbers may
 * belong to other keys than before.
 */
export async function readSeries(reader: Reader, ids: Iterable<number>): Promise<Map<number, Series>> {
  const rows = await rowsOf(reader, [...new Set(ids)]);
  return new Map(rows.map((row) => [row.seriesId, row]));
}

function rowsOf(reader: Reader, ids: number[]): Promise<Series[]> {
  return selectSeries(reader, inArray(series.seriesId, jsonList(ids)));
}

/** The dimension keys of a database that match a filter. */
export function matchingSeries(reader: Reader, filter: SeriesFilter): Promise<Series[]> {
  return selectSeries(reader, conditionOf(filter));
}

/** The numbers of the dimension keys that match a filter, or null if it matches all: those are never listed. */
export async function matchingSeriesIds(reader: Reader, filter: SeriesFilter): Promise<number[] | null> {
  const condition = conditionOf(filter);
  if (condition === undefined) return null;
  const rows = await reader.select({ seriesId: series.seriesId }).from(series).where(condition);
  return rows.map(({ seriesId }) => seriesId);
}

function conditionOf({ category, name, applications }: SeriesFilter): SQL | undefined {
  const conditions: SQL[] = [];
  if (category !== null) conditions.push(eq(series.categoryId, categoryIdOf(category)));
  if (name !== null) conditions.push(eq(series.name, name));
  if (applications !== null) conditions.push(sql`${series.application} IN ${textList(applications)}`);
  return and(...conditions);
}

/** A category's number as an expression, which saves a query. NULL if the database has no such category. */
export function categoryIdOf(category: string): SQL<number> {
  return sql<number>`(SELECT ${categories.categoryId} FROM ${categories} WHERE ${categories.category} = ${category})`;
}

/** Any number of integers as one bound parameter: D1 allows 100 in a query. */
export function jsonList(numbers: number[]): SQL<number> {
  return sql<number>`(SELECT value FROM json_each(${JSON.stringify(numbers)}))`;
}

/** Like `jsonList`, for texts. */
export function textList(texts: readonly string[]): SQL<string> {
  return sql<string>`(SELECT value FROM json_each(${JSON.stringify(texts)}))`;
}

/** The condition that a dimension key's number belongs to one of these applications. Null means any. */
export function isOfApplications(seriesId: SQL, applications: readonly string[] | null): SQL {
  if (applications === null) return sql`true`;
  return sql`${seriesId} IN (SELECT series_id FROM series WHERE application IN ${textList(applications)})`;
}

function selectSeries(reader: Reader, condition: SQL | undefined): Promise<Series[]> {
  return reader
    .select({
      seriesId: series.seriesId,
      categoryId: series.categoryId,
      category: categories.category,
      name: series.name,
      application: series.application,
    })
    .from(series)
    .innerJoin(categories, eq(categories.categoryId, series.categoryId))
    .where(condition);
}
