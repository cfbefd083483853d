import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../core/databases";
import { readBatch } from "../core/reader";
import { categoryIdOf, jsonList, type SeriesFilter, textList } from "../counts/series";
import { OVERFLOW_CATEGORY_ID } from "../write/write-series";

/** The dimension keys of one database that match a filter. */
export interface WantedSeries {
  /** All that may hold wanted events, including overflow keys. At most MAX_SERIES for each application. */
  ids: readonly number[];
  /** The condition on an event `e`. */
  matches: SQL;
  /** True if the filter matches everything. */
  isEverything: boolean;
  /** Set if all wanted events are of one category. */
  category: WantedCategory | null;
}

export interface WantedCategory {
  category: string;
  categoryId: number;
  /** All dimension keys of the category. */
  ids: readonly number[];
  /** True if the filter includes the whole category. */
  isWhole: boolean;
}

interface FoundSeries {
  seriesId: number;
  categoryId: number;
}

/**
 * The dimension keys of a database that match a filter. An overflow key holds events of many types, which store
 * their own category and name. It is always included, with a condition on these columns.
 *
 * @throws DrizzleQueryError
 */
export async function wantedSeries(database: Database, filter: SeriesFilter): Promise<WantedSeries> {
  const { category, name, applications } = filter;
  const conditions = [sql`true`];
  if (category !== null) conditions.push(sql`category_id = ${categoryIdOf(category)}`);
  if (name !== null) conditions.push(sql`name = ${name}`);
  if (applications !== null) conditions.push(sql`application IN ${textList(applications)}`);
  const where = sql.join(conditions, sql` AND `);
  const ofApplication = applications === null ? sql`true` : sql`application IN ${textList(applications)}`;
  // Unless there are several categories, the wanted dimension keys are among these.
  const only = sql`(SELECT min(category_id) FROM series WHERE ${where} HAVING min(category_id) = max(category_id))`;
  const [plain = [], overflow = [], among = [], totals = []] = await readBatch<
    FoundSeries & { category: string; total: number }
  >(database, [
    sql`SELECT series_id AS seriesId, category_id AS categoryId FROM series WHERE ${where}`,
    sql`SELECT series_id AS seriesId, category_id AS categoryId FROM series
      WHERE category_id = ${sql.raw(String(OVERFLOW_CATEGORY_ID))} AND ${ofApplication}`,
    sql`SELECT s.series_id AS seriesId, s.category_id AS categoryId, c.category AS category
      FROM series AS s CROSS JOIN categories AS c ON c.category_id = s.category_id WHERE s.category_id = ${only}`,
    // Numbers are given in sequence and never reused.
    sql`SELECT coalesce(max(series_id), 0) AS total FROM series`,
  ]);
  const isTyped = category !== null || name !== null;
  const ids = plain.map(({ seriesId }) => seriesId);
  const overflowIds = isTyped ? overflow.map(({ seriesId }) => seriesId) : [];
  const [first] = among;
  return {
    ids: [...ids, ...overflowIds],
    matches: matching(ids, overflowIds, filter),
    isEverything: ids.length === totals[0]?.total,
    category:
      first === undefined || overflowIds.length > 0
        ? null
        : {
            category: first.category,
            categoryId: first.categoryId,
            ids: among.map(({ seriesId }) => seriesId),
            isWhole: among.length === ids.length,
          },
  };
}

/** Those of several databases, in their order. */
export function wantedSeriesIn(databases: readonly Database[], filter: SeriesFilter): Promise<WantedSeries[]> {
  return Promise.all(databases.map((database) => wantedSeries(database, filter)));
}

/**
 * An event stores its own type only if its dimension key is an overflow key. Written without OR between dimension
 * keys, for which SQLite would read all events.
 */
function matching(ids: readonly number[], overflow: readonly number[], { category, name }: SeriesFilter): SQL {
  const isOfSeries = sql`e.series_id IN ${jsonList([...ids, ...overflow])}`;
  return overflow.length === 0 ? isOfSeries : sql`${isOfSeries} AND ${isOfType({ category, name })}`;
}

/** The condition that an event `e` that stores its own type has the given category and name. */
function isOfType({ category, name }: Pick<SeriesFilter, "category" | "name">): SQL {
  const conditions: SQL[] = [];
  if (category !== null) conditions.push(sql`e.type ->> 0 = ${category}`);
  if (name !== null) conditions.push(sql`e.type ->> 1 = ${name}`);
  return sql`(e.type IS NULL OR (${sql.join(conditions, sql` AND `)}))`;
}

/** The condition that an event `e` is of a category, without a query beforehand. */
export function isOfCategory(category: string): SQL {
  return sql`e.series_id IN (
      SELECT series_id FROM series WHERE category_id IN (${categoryIdOf(category)}, ${sql.raw(String(OVERFLOW_CATEGORY_ID))})
    ) AND ${isOfType({ category, name: null })}`;
}

/** The condition that an event `e` of an overflow key is of a category. */
export function isOverflowOf(category: string): SQL {
  return sql`e.type ->> 0 = ${category}`;
}
