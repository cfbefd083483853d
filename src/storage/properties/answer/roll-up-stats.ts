import type { AskedProperty } from "../../../model/questions/metric";
import type { Period } from "../../../model/time/calendar";
import type { Micros } from "../../../model/time/time";
import { DAY_SECONDS, HOUR_MICROS, HOUR_SECONDS } from "../../../model/time/units";
import type { Database } from "../../core/databases";
import { readerOf } from "../../core/reader";
import { seriesOf } from "../../counts/series";
import type { MeasureTable } from "../../questions/measure-table";
import type { StatsQuestion } from "../../questions/stats-question";
import { OVERFLOW_CATEGORY_ID } from "../../write/write-series";
import type { StoredProperty } from "../declared-properties";
import { type DeclaredSeries, typeKey } from "../declared-series";
import type { PropertyWidth } from "../property-store";
import { addByDays } from "./add-by-days";
import { createAdding, type ValueAdding } from "./add-values";
import { type CountedRow, rowsOf, rowsOfAll, wholeRows } from "./counted-rows";
import { readBuckets } from "./read-buckets";
import { type Piece, type PiecePlan, planPieces } from "./roll-up-plan";

/** The most pairs of hour and dimension key that one answer reads in each database. */
const MAX_BUCKETS = 20_000;

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

interface RolledQuestion {
  property: AskedProperty;
  /** All declared properties. */
  declared: readonly StoredProperty[];
  /** The dimension keys of the database that match the question's filter. */
  ids: readonly number[];
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
  { property, declared, ids }: RolledQuestion,
  table: MeasureTable,
): Promise<RolledUp | null> {
  const kind = question.metric.property === null ? "text" : "number";
  const asked = declared.filter(({ path, kind: own }) => path === property.name && own === kind);
  const series = await declaredSeries(database, ids, asked);
  if (series === null) return null;
  const values = createAdding(question, table);
  const [each, all] = [rowsOf(series), rowsOfAll(series, question)];
  // Differences of sums of numbers would not be exact.
  const added = question.metric.kind === "events" ? await addByDays(database, question.bounds, all, values) : NONE;
  const pieces = planRest(question.bounds, added);
  const take = async (seconds: PropertyWidth, some: readonly Piece[]) => {
    const found = await takeBuckets(database, seconds, some, all, values.add);
    // The applications of a bucket may not be added up yet, or have too many values for one row.
    return all.length === each.length ? found : takeBuckets(database, seconds, found.left, each, values.add);
  };
  const areTooMany = (hours: number) => hours * series.length > MAX_BUCKETS;
  if (areTooMany(pieces.hours.length)) return null;
  const [days, hours] = await Promise.all([take(DAY_SECONDS, pieces.days), take(HOUR_SECONDS, pieces.hours)]);
  // A day that is not summed yet is read hour by hour.
  const hoursOfDays = days.left.flatMap(hoursOf);
  if (areTooMany(pieces.hours.length + hoursOfDays.length)) return null;
  const others = await take(HOUR_SECONDS, hoursOfDays);
  values.finish();
  const left = [...hours.left, ...others.left].map(({ start, end }) => ({ start, end }));
  return { left: [...pieces.edges, ...left] };
}

/** Dimension keys, each with its property; null if one of them does not declare it. Those of overflow are left out. */
async function declaredSeries(
  database: Database,
  ids: readonly number[],
  properties: readonly StoredProperty[],
): Promise<DeclaredSeries[] | null> {
  const all = await seriesOf(database, readerOf(database), ids);
  const byType = Map.groupBy(properties, typeKey);
  const found: DeclaredSeries[] = [];
  for (const id of ids) {
    const own = all.get(id);
    if (own?.categoryId === OVERFLOW_CATEGORY_ID) continue;
    const declared = own === undefined ? undefined : byType.get(typeKey(own));
    if (own === undefined || declared === undefined) return null;
    const { application, category, name } = own;
    found.push({ series: id, application, category, name, properties: declared });
  }
  return found;
}

/** Adds the buckets that are counted completely. The others are left, for all dimension keys. */
async function takeBuckets(
  database: Database,
  seconds: PropertyWidth,
  pieces: readonly Piece[],
  rows: readonly CountedRow[],
  read: ValueAdding["add"],
): Promise<{ left: Piece[] }> {
  const byBucket = Map.groupBy(pieces, ({ bucket }) => bucket);
  const left: Piece[] = [];
  await readBuckets(database, seconds, { buckets: [...byBucket.keys()], rows }, (bucket, known) => {
    const found = wholeRows(rows, bucket, known);
    const own = byBucket.get(bucket) ?? [];
    if (found === null) left.push(...own);
    for (const { of, counts } of found ?? []) {
      for (const piece of own) read(of, piece, counts);
    }
  });
  return { left };
}

const NONE: ReadonlySet<number> = new Set();

/** The pieces of the buckets that were not added by days. */
function planRest(bounds: readonly Micros[], added: ReadonlySet<number>): PiecePlan {
  const plans = bounds
    .slice(1)
    .flatMap((end, place) => (added.has(place) ? [] : [planPieces([bounds[place] ?? 0, end])]));
  return {
    days: plans.flatMap(({ days }) => days),
    hours: plans.flatMap(({ hours }) => hours),
    edges: plans.flatMap(({ edges }) => edges),
  };
}

function hoursOf({ bucket, start }: Piece): Piece[] {
  return Array.from({ length: 24 }, (_, hour) => ({
    bucket: bucket + hour * HOUR_SECONDS,
    start: start + hour * HOUR_MICROS,
    end: start + (hour + 1) * HOUR_MICROS,
    parts: null,
  }));
}
