import { sql } from "drizzle-orm";
import { sumBySeries } from "./counts";
import type { Database } from "./databases";
import { MAX_FAILING_TYPES } from "./read-limits";
import { type Reader, readerOf } from "./reader";

/** What the counts tell of an event type, whether it is registered or not. */
export interface Sighting {
  category: string;
  name: string;
  /** Starts of the minutes of the first and the last stored event, in seconds since 1970; null: none is stored. */
  firstSeen: number | null;
  lastSeen: number | null;
  /** Stored, by occurrence, and failed, by receipt, in the days that were asked for. */
  events: number;
  failures: number;
}

export interface SightingQuestion {
  /** Only types behind this place in the order of category and name. */
  after: { category: string; name: string } | null;
  /** Only this type. */
  only: { category: string; name: string } | null;
  limit: number;
  /** Starts of the first and the last day (UTC), in seconds since 1970. */
  firstDay: number;
  lastDay: number;
}

/** Compares as SQLite orders texts: by UTF-8, which is by code point. */
export function compareTypes(a: { category: string; name: string }, b: { category: string; name: string }): number {
  return compareTexts(a.category, b.category) || compareTexts(a.name, b.name);
}

function compareTexts(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/**
 * Event types that were seen: stored ever, or failed in the days that are asked for, in the order of category and name.
 * Reads no event: for each type of the page one row of `series` an application and its first and last minute; a row of
 * counts for each day; beside that the cells of the days' failures.
 *
 * @returns up to `limit` types of each database, summed up; the caller cuts what lies beyond the page
 */
export async function findSightings(databases: Database[], question: SightingQuestion): Promise<Sighting[]> {
  const readers = databases.map(readerOf);
  const found = await Promise.all(
    readers.flatMap((reader) => [storedIn(reader, question), failedIn(reader, question)]),
  );
  const types = new Map<string, Sighting>();
  for (const one of found.flat()) {
    const key = JSON.stringify([one.category, one.name]);
    const same = types.get(key);
    types.set(key, same === undefined ? one : add(same, one));
  }
  return [...types.values()].sort(compareTypes);
}

function add(a: Sighting, b: Sighting): Sighting {
  const known = (values: (number | null)[]) => values.filter((value) => value !== null);
  const first = known([a.firstSeen, b.firstSeen]);
  const last = known([a.lastSeen, b.lastSeen]);
  return {
    ...a,
    firstSeen: first.length === 0 ? null : Math.min(...first),
    lastSeen: last.length === 0 ? null : Math.max(...last),
    events: a.events + b.events,
    failures: a.failures + b.failures,
  };
}

async function storedIn(reader: Reader, question: SightingQuestion): Promise<Sighting[]> {
  const { after, only, limit, firstDay, lastDay } = question;
  const place = after ?? { category: "", name: "" };
  const condition =
    only === null
      ? sql`(categories.category, series.name) > (${place.category}, ${place.name})
          AND categories.category >= ${place.category}`
      : sql`categories.category = ${only.category} AND series.name = ${only.name}`;
  const rows = await reader.all<{ category: string; name: string; ids: string; first: number; last: number }>(sql`
    WITH types AS MATERIALIZED (
      SELECT DISTINCT categories.category AS category, series.name AS name, categories.category_id AS category_id
      FROM categories CROSS JOIN series ON series.category_id = categories.category_id
      WHERE ${condition} ORDER BY categories.category, series.name LIMIT ${limit}
    )
    SELECT types.category AS category, types.name AS name, json_group_array(series.series_id) AS ids,
      min((SELECT min(minute) FROM series_minutes WHERE series_id = series.series_id)) AS first,
      max((SELECT max(minute) FROM series_minutes WHERE series_id = series.series_id)) AS last
    FROM types CROSS JOIN series ON series.category_id = types.category_id AND series.name = types.name
    GROUP BY types.category, types.name`);
  const types = rows.map(({ ids, ...type }) => {
    const seriesIds: number[] = JSON.parse(ids);
    return { ...type, seriesIds };
  });
  const all = types.flatMap(({ seriesIds }) => seriesIds);
  const sums = await sumBySeries(reader, { seconds: 86_400, first: firstDay, last: lastDay }, all);
  return types.map(({ category, name, first, last, seriesIds }) => ({
    ...{ category, name, firstSeen: first, lastSeen: last, failures: 0 },
    events: seriesIds.reduce((sum, id) => sum + (sums.get(id) ?? 0), 0),
  }));
}

async function failedIn(reader: Reader, question: SightingQuestion): Promise<Sighting[]> {
  const { after, only, firstDay, lastDay } = question;
  const place = after ?? { category: "", name: "" };
  const condition =
    only === null
      ? sql`(category, name) > (${place.category}, ${place.name})`
      : sql`category = ${only.category} AND name = ${only.name}`;
  const rows = await reader.all<{ category: string; name: string; failures: number }>(sql`
    SELECT category, name, sum(events) AS failures FROM failures
    WHERE seconds = 86400 AND code = '' AND bucket BETWEEN ${firstDay} AND ${lastDay}
      AND category <> '' AND name <> '' AND ${condition}
    GROUP BY category, name ORDER BY category, name LIMIT ${MAX_FAILING_TYPES}`);
  return rows.map((row) => ({ ...row, firstSeen: null, lastSeen: null, events: 0 }));
}
