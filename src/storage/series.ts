import { and, eq, getTableColumns, inArray, max, type SQL, sql } from "drizzle-orm";
import type { Database } from "./databases";
import { MAX_SERIES_REMEMBERED } from "./read-limits";
import type { Reader } from "./reader";
import { categories, series } from "./tables";

/** An application with an event type, and its numbers, which hold in one database only. */
export interface Series {
  seriesId: number;
  categoryId: number;
  category: string;
  name: string;
  application: string;
}

export interface SeriesFilter {
  category: string | null;
  name: string | null;
  application: string | null;
}

/** Rows of `series` are never changed, so what was read once holds as long as the database does. */
const remembered = new WeakMap<D1Database, Map<number, Series>>();

/** Forgets what is remembered of a database. For one that was emptied or restored under a running isolate, as tests do. */
export function forgetSeries({ binding }: Database): void {
  remembered.delete(binding);
}

/** What the given numbers stand for: one query for those that the isolate has not met. */
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
  if (missing.length > 0) {
    const rows = await selectSeries(reader, inArray(series.seriesId, jsonList(missing)));
    if (cache.size + rows.length > MAX_SERIES_REMEMBERED) cache.clear();
    for (const row of rows) {
      cache.set(row.seriesId, row);
      found.set(row.seriesId, row);
    }
  }
  return found;
}

/** All series of a database: one query for those that the isolate has not met, and one row read to know how many there are. */
export async function everySeries(database: Database, reader: Reader): Promise<Series[]> {
  const [newest] = await reader.select({ seriesId: max(series.seriesId) }).from(series);
  // Numbers are given in turn, and none is ever taken back.
  const ids = Array.from({ length: newest?.seriesId ?? 0 }, (_, place) => place + 1);
  return [...(await seriesOf(database, reader, ids)).values()];
}

/** The series of a database that a filter matches. Without a filter: all, as many as there are pairs of application and event type. */
export function matchingSeries(reader: Reader, { category, name, application }: SeriesFilter): Promise<Series[]> {
  const conditions: SQL[] = [];
  if (category !== null) conditions.push(eq(series.categoryId, categoryIdOf(category)));
  if (name !== null) conditions.push(eq(series.name, name));
  if (application !== null) conditions.push(eq(series.application, application));
  return selectSeries(reader, and(...conditions));
}

/** The numbers of all series, or of all in a category. */
export async function seriesIdsIn(reader: Reader, categoryId: number | null): Promise<number[]> {
  const rows = await reader
    .select({ seriesId: series.seriesId })
    .from(series)
    .where(categoryId === null ? undefined : eq(series.categoryId, categoryId));
  return rows.map(({ seriesId }) => seriesId);
}

/** A category's number as an expression: no query of its own. NULL where the database has no such category. */
export function categoryIdOf(category: string): SQL<number> {
  return sql<number>`(SELECT ${categories.categoryId} FROM ${categories} WHERE ${categories.category} = ${category})`;
}

/** Any number of integers as one bound parameter: D1 takes 100 in a query. */
export function jsonList(numbers: number[]): SQL<number> {
  return sql<number>`(SELECT value FROM json_each(${JSON.stringify(numbers)}))`;
}

function selectSeries(reader: Reader, condition: SQL | undefined): Promise<Series[]> {
  return reader
    .select({ ...getTableColumns(series), category: categories.category })
    .from(series)
    .innerJoin(categories, eq(categories.categoryId, series.categoryId))
    .where(condition);
}
