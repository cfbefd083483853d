import { sql } from "drizzle-orm";
import type { Database } from "../core/databases";
import { MAX_FAILING_TYPES } from "../core/read-limits";
import { type Reader, readerOf } from "../core/reader";
import { withPartitions } from "../partitions/known-partitions";
import { OVERFLOW_CATEGORY_ID } from "../write/write-series";
import type { CountSource } from "./count-tables";
import { sumBySeries } from "./counts";
import { refineHours, type SeenHours } from "./seen-minutes";
import { OTHER, textList } from "./series";

/** What the counts report about an event type, registered or not. */
export interface EventTypeUsage {
  category: string;
  name: string;
  /**
   * When the first and the last stored event occurred, in seconds since 1970: the start of the minute, or of the
   * hour if its minutes are no longer kept. Null if none is stored.
   */
  firstSeen: number | null;
  lastSeen: number | null;
  /** Stored events by timestamp, and failed events by receipt, in the requested days. */
  events: number;
  failures: number;
}

export interface UsageQuestion {
  /** Only types after this one in the order of category and name. */
  after: { category: string; name: string } | null;
  /** Only this type. */
  only: { category: string; name: string } | null;
  /** Only events of these applications; null for all. */
  applications: readonly string[] | null;
  limit: number;
  /** Starts of the first and the last day (UTC), in seconds since 1970. */
  firstDay: number;
  lastDay: number;
}

/** Compares as SQLite orders texts: by UTF-8, which is by code point. */
export function compareTypes(a: { category: string; name: string }, b: { category: string; name: string }): number {
  return compareUtf8(a.category, b.category) || compareUtf8(a.name, b.name);
}

function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/**
 * Event types in use: with stored events, or with failures in the requested days, by category and name. Events of
 * the overflow keys are reported as the type (OTHER, OTHER). Reads no event. For each type of the page it reads one
 * row of `series` for each application, the first and last hour, and the minutes of these; also one row of counts
 * for each day, and the failures of the days.
 *
 * @returns up to `limit` types of each database, summed; the caller cuts the list at the end of the page
 * @throws what D1 throws
 */
export async function findUsage(databases: Database[], question: UsageQuestion): Promise<EventTypeUsage[]> {
  const failed = databases.map((database) => failedIn(readerOf(database), question));
  const stored = withPartitions(databases, (map) =>
    Promise.all(databases.map((database) => storedIn({ database, map }, question))),
  );
  const found = await Promise.all([stored.then((parts) => parts.flat()), ...failed]);
  const types = new Map<string, EventTypeUsage>();
  for (const one of found.flat()) {
    const key = JSON.stringify([one.category, one.name]);
    const same = types.get(key);
    types.set(key, same === undefined ? one : add(same, one));
  }
  return [...types.values()].sort(compareTypes);
}

function add(a: EventTypeUsage, b: EventTypeUsage): EventTypeUsage {
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

interface StoredType {
  category: string;
  name: string;
  /** Its dimension keys, one for each application. */
  hours: SeenHours[];
}

async function storedIn(source: CountSource, question: UsageQuestion): Promise<EventTypeUsage[]> {
  const reader = readerOf(source.database);
  const [named, other] = await Promise.all([namedTypes(reader, question), overflowType(reader, question)]);
  const types = [...named, ...other];
  const series = types.flatMap(({ hours }) => hours);
  const days = { seconds: 86_400, first: question.firstDay, last: question.lastDay };
  const ids = series.map(({ seriesId }) => seriesId);
  const [sums, seen] = await Promise.all([
    sumBySeries(source, days, ids),
    refineHours(
      source,
      types.map(({ hours }) => hours),
    ),
  ]);
  return types.map(({ category, name, hours }, place) => ({
    ...{ category, name, failures: 0 },
    firstSeen: seen[place]?.first ?? null,
    lastSeen: seen[place]?.last ?? null,
    events: hours.reduce((sum, { seriesId }) => sum + (sums.get(seriesId) ?? 0), 0),
  }));
}

/**
 * A dimension key with its first and its last hour, as JSON: [series_id, first, last]. A key is created with its
 * first event, so it has both.
 */
const HOURS = sql`json_array(
  series.series_id,
  (SELECT min(hour) FROM series_hours AS held WHERE held.series_id = series.series_id),
  (SELECT max(hour) FROM series_hours AS held WHERE held.series_id = series.series_id)
)`;

function isSentBy(applications: readonly string[] | null) {
  return applications === null ? sql`true` : sql`series.application IN ${textList(applications)}`;
}

async function namedTypes(reader: Reader, { after, only, applications, limit }: UsageQuestion): Promise<StoredType[]> {
  const place = after ?? { category: "", name: "" };
  const condition =
    only === null
      ? sql`(categories.category, series.name) > (${place.category}, ${place.name})
          AND categories.category >= ${place.category}`
      : sql`categories.category = ${only.category} AND series.name = ${only.name}`;
  const rows = await reader.all<{ category: string; name: string; hours: string }>(sql`
    WITH types AS MATERIALIZED (
      SELECT DISTINCT categories.category AS category, series.name AS name, categories.category_id AS category_id
      FROM categories CROSS JOIN series ON series.category_id = categories.category_id
      WHERE ${condition} AND ${isSentBy(applications)} AND categories.category <> '' ORDER BY categories.category, series.name LIMIT ${limit}
    )
    SELECT types.category AS category, types.name AS name, json_group_array(${HOURS}) AS hours
    FROM types CROSS JOIN series ON series.category_id = types.category_id AND series.name = types.name
    WHERE ${isSentBy(applications)}
    GROUP BY types.category, types.name`);
  return rows.map(({ hours, ...type }) => ({ ...type, hours: parseHours(hours) }));
}

/** The overflow keys of all applications as one type, at its place in the order. */
async function overflowType(reader: Reader, { after, only, applications }: UsageQuestion): Promise<StoredType[]> {
  const type = { category: OTHER, name: OTHER };
  if (only !== null || (after !== null && compareTypes(type, after) <= 0)) return [];
  const [row] = await reader.all<{ hours: string }>(sql`
    SELECT json_group_array(${HOURS}) AS hours FROM series
    WHERE series.category_id = ${OVERFLOW_CATEGORY_ID} AND series.name = '' AND ${isSentBy(applications)}`);
  const hours = parseHours(row?.hours ?? "[]");
  return hours.length === 0 ? [] : [{ ...type, hours }];
}

function parseHours(text: string): SeenHours[] {
  const rows: [seriesId: number, first: number | null, last: number | null][] = JSON.parse(text);
  // A type that only a late lane holds has no hour yet.
  return rows.flatMap(([seriesId, first, last]) =>
    first === null || last === null ? [] : [{ seriesId, first, last }],
  );
}

async function failedIn(reader: Reader, question: UsageQuestion): Promise<EventTypeUsage[]> {
  const { after, only, applications, firstDay, lastDay } = question;
  const place = after ?? { category: "", name: "" };
  const condition =
    only === null
      ? sql`(category, name) > (${place.category}, ${place.name})`
      : sql`category = ${only.category} AND name = ${only.name}`;
  const rows = await reader.all<{ category: string; name: string; failures: number }>(sql`
    SELECT category, name, sum(events) AS failures FROM failures
    WHERE seconds = 86400 AND code = '' AND bucket BETWEEN ${firstDay} AND ${lastDay}
      AND category <> '' AND name <> '' AND ${condition}
      AND ${applications === null ? sql`true` : sql`application IN ${textList(applications)}`}
    GROUP BY category, name ORDER BY category, name LIMIT ${MAX_FAILING_TYPES}`);
  return rows.map((row) => ({ ...row, firstSeen: null, lastSeen: null, events: 0 }));
}
