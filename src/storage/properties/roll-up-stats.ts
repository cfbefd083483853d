import { sql } from "drizzle-orm";
import { matchesFilter } from "../../model/event/property-value";
import type { AskedProperty } from "../../model/questions/metric";
import { middleOf } from "../../model/questions/numbers/number-bins";
import type { Period } from "../../model/time/calendar";
import { bucketPlace } from "../../model/time/calendar";
import { DAY_SECONDS, HOUR_MICROS, HOUR_SECONDS } from "../../model/time/units";
import type { Database } from "../core/databases";
import { groupsOf } from "../core/groups-of";
import { readBatch } from "../core/reader";
import { wantedSeries } from "../events/wanted-series";
import type { MeasureTable } from "../questions/measure-table";
import { type GroupName, groupName } from "../questions/stats-answer";
import type { StatsQuestion } from "../questions/stats-question";
import { integer } from "../scan/event-order";
import { OVERFLOW_CATEGORY_ID } from "../write/write-series";
import type { StoredProperty } from "./declared-properties";
import { bucketKey, countsOf, type DeclaredSeries, seriesWithProperties } from "./declared-series";
import { type PropertyWidth, readPropertyCounts } from "./property-store";
import { type Piece, planPieces } from "./roll-up-plan";
import { readValueCounts, type StoredCounts } from "./value-counts";

/** The most pairs of hour and dimension key that one answer reads in each database. */
const MAX_BUCKETS = 20_000;

/** Rows whose values are read in one call, about 50 KB each at most, and calls at the same time. */
const BUCKETS_AT_ONCE = 96;
const CALLS_AT_ONCE = 3;

const OVERFLOW_SERIES = sql`SELECT series_id AS id FROM series WHERE category_id = ${integer(OVERFLOW_CATEGORY_ID)}`;

/**
 * The property whose value counts can answer a query. Null if the query needs more than one property, or sessions or
 * visitors.
 */
export function rolledProperty({ metric, groupBy, properties }: StatsQuestion): AskedProperty | null {
  if (metric.kind === "sessions" || metric.kind === "visitors") return null;
  const asked = [
    ...(metric.property === null ? [] : [metric.property]),
    ...groupBy.flatMap((dimension) => (dimension.kind === "property" ? [dimension.property] : [])),
    ...properties.map(({ property }) => property),
  ];
  const [first] = asked;
  if (first === undefined || asked.some(({ name }) => name !== first.name)) return null;
  // Numbers are counted in bins, which do not keep single values.
  return metric.property !== null && asked.length > 1 ? null : first;
}

/** What value counts leave to be read from the events of a database. */
export interface RolledUp {
  left: Period[];
}

/**
 * Adds the numbers that value counts can give to a table.
 *
 * @returns the periods that are not counted yet, or null if one of the event types does not declare the property
 * @throws DrizzleQueryError
 */
export async function addRolledUp(
  database: Database,
  question: StatsQuestion,
  { property, declared }: { property: AskedProperty; declared: readonly StoredProperty[] },
  table: MeasureTable,
): Promise<RolledUp | null> {
  const kind = question.metric.property === null ? "text" : "number";
  const series = await declaredSeries(
    database,
    question,
    declared,
    ({ path, kind: own }) => path === property.name && own === kind,
  );
  if (series === null) return null;
  const pieces = planPieces(question.bounds);
  const left: Period[] = [...pieces.edges];
  const read = createAdding(question, table);
  const days = await takeBuckets(database, DAY_SECONDS, pieces.days, series, read);
  // A day that is not summed yet is read hour by hour.
  const hours = [...pieces.hours, ...days.left.flatMap(hoursOf)];
  if (hours.length * series.length > MAX_BUCKETS) return null;
  const found = await takeBuckets(database, HOUR_SECONDS, hours, series, read);
  left.push(...found.left.map(({ start, end }) => ({ start, end })));
  return { left };
}

/** The dimension keys that match a query, each with its property; null if one of them does not declare it. */
async function declaredSeries(
  database: Database,
  { filter }: StatsQuestion,
  declared: readonly StoredProperty[],
  isAsked: (property: StoredProperty) => boolean,
): Promise<DeclaredSeries[] | null> {
  // One call each, at the same time: an answer waits for them only once.
  const [wanted, [overflow = []], withProperty] = await Promise.all([
    wantedSeries(database, filter),
    readBatch<{ id: number }>(database, [OVERFLOW_SERIES]),
    seriesWithProperties(database, declared.filter(isAsked)),
  ]);
  const all = new Map(withProperty.map((one) => [one.series, one]));
  const overflowing = new Set(overflow.map(({ id }) => id));
  const ids = wanted.ids.filter((id) => !overflowing.has(id));
  const found = ids.flatMap((id) => all.get(id) ?? []);
  return found.length === ids.length ? found : null;
}

/**
 * Adds the buckets that are counted completely. The others are left, for all dimension keys. Holds the values of a few
 * buckets at a time.
 */
async function takeBuckets(
  database: Database,
  seconds: PropertyWidth,
  pieces: readonly Piece[],
  series: readonly DeclaredSeries[],
  read: (series: DeclaredSeries, piece: Piece, counts: StoredCounts) => void,
): Promise<{ left: Piece[] }> {
  const byBucket = Map.groupBy(pieces, ({ bucket }) => bucket);
  const ids = series.map((one) => one.series);
  const counted = await countsOf(database, ids, seconds, [...byBucket.keys()]);
  const rows = series.flatMap((one) =>
    one.properties.map(({ property_id: property }) => ({ one, property, series: one.series })),
  );
  const left: Piece[] = [];
  const takeSome = async (buckets: readonly number[]) => {
    const wanted = buckets.flatMap((bucket) =>
      rows.filter((row) => (counted.get(`${row.series} ${bucket}`) ?? 0) > 0).map((row) => ({ ...row, bucket })),
    );
    const held = new Map(
      (await readPropertyCounts(database, seconds, wanted, true)).map((own) => [bucketKey(own), own]),
    );
    for (const [bucket, own] of Map.groupBy(wanted, (row) => row.bucket)) {
      const isWhole = own.every(
        (row) => (held.get(bucketKey(row))?.counted ?? 0) >= (counted.get(`${row.series} ${bucket}`) ?? 0),
      );
      if (!isWhole) left.push(...(byBucket.get(bucket) ?? []));
      for (const row of isWhole ? own : []) {
        const counts = readValueCounts(held.get(bucketKey(row))?.held ?? "");
        for (const piece of byBucket.get(bucket) ?? []) read(row.one, piece, counts);
      }
    }
  };
  const atOnce = Math.max(1, Math.floor(BUCKETS_AT_ONCE / Math.max(1, rows.length)));
  const calls = groupsOf([...byBucket.keys()], atOnce);
  for (const some of groupsOf(calls, CALLS_AT_ONCE)) await Promise.all(some.map(takeSome));
  return { left };
}

function hoursOf({ bucket, start }: Piece): Piece[] {
  return Array.from({ length: 24 }, (_, hour) => ({
    bucket: bucket + hour * HOUR_SECONDS,
    start: start + hour * HOUR_MICROS,
    end: start + (hour + 1) * HOUR_MICROS,
    parts: null,
  }));
}

function createAdding({ metric, bounds, groupBy, properties }: StatsQuestion, table: MeasureTable) {
  // The values of each hour and day are mostly the same ones.
  const names = new Map<number, Map<string | null, GroupName>>();
  const nameOf = (series: DeclaredSeries, value: string | null): GroupName => {
    const own = names.get(series.series) ?? new Map<string | null, GroupName>();
    names.set(series.series, own);
    const known = own.get(value);
    if (known !== undefined) return known;
    const name = groupName(
      groupBy.map((dimension) => (dimension.kind === "property" ? value : series[dimension.kind])),
    );
    own.set(value, name);
    return name;
  };
  const passes = (value: string | null) => properties.every((filter) => matchesFilter(filter, value));
  return (series: DeclaredSeries, { start, parts }: Piece, counts: StoredCounts): void => {
    const place = bucketPlace(bounds, start);
    const { texts, numbers } = counts;
    const width = counts.events.length;
    const wanted = parts ?? counts.events.map((_, part) => part);
    const sum = (all: readonly number[], from = 0) => {
      let total = 0;
      for (const part of wanted) total += all[from + part] ?? 0;
      return total;
    };
    let left = sum(counts.events);
    if (left === 0) return;
    if (metric.kind === "sum" || metric.kind === "avg") {
      const times = texts.reduce((total, _, value) => total + sum(numbers, value * width), 0) + sum(counts.rest);
      table.addMany(nameOf(series, null), place, sum(counts.sums), times);
      return;
    }
    for (const [at, value] of texts.entries()) {
      const times = sum(numbers, at * width);
      if (times === 0) continue;
      left -= times;
      if (metric.kind !== "events") table.addMany(nameOf(series, null), place, middleOf(value), times);
      else if (passes(value)) table.addMany(nameOf(series, value), place, times, times);
    }
    const rest = sum(counts.rest);
    left -= rest;
    if (metric.kind !== "events") {
      table.addMany(nameOf(series, null), place, 0, 0);
      return;
    }
    // Which of the rare values pass a filter is unknown: they are left out, and the answer reports it.
    if (rest > 0) table.addFolded(place, properties.length === 0 ? rest : 0, counts.restValues);
    if (left > 0 && passes(null)) table.addMany(nameOf(series, null), place, left, left);
  };
}
