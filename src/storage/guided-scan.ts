import { and, eq, inArray, sql } from "drizzle-orm";
import type { Micros } from "../model/time";
import { type ScannedEvent, scanEventsOfSeries, scannedColumns, toScanned } from "./event-scan";
import { edgeBeyond, type GuidingMinute, joinMinutes, MINUTE_MICROS, planGuidedScan } from "./guided-plan";
import { compareEventKeys, type EventKey, type EventRange, startOf, withinRange } from "./order";
import { MAX_GUIDED_ROWS, MAX_GUIDING_COUNTS } from "./read-limits";
import type { Reader } from "./reader";
import { jsonList } from "./series";
import { inDirection, type Stretch } from "./stretch";
import { counts, events } from "./tables";

export interface GuidedScan {
  range: EventRange;
  limit: number;
  /** The series wanted. */
  wanted: number[];
  /** The category that holds them all, if one does: then only its events are read. */
  categoryId: number | null;
  /** All series among which the wanted ones lie: those of the category, or of the database. */
  among: number[];
}

/**
 * Events of some series, which no index covers (a rare name in a common category, say). The counts by minute tell which
 * minutes hold them, and only these are read.
 *
 * Bounded for each page: at most MAX_GUIDING_COUNTS rows of counts four times over (which minutes there are, once with few
 * and once with all; where each series is cut; what reading them costs), and MAX_GUIDED_ROWS events, twice that if a single
 * minute holds more. Where a bound ends it, the page is short and the walk goes on from there. Mostly it is far less: two
 * minutes of a common series fill a page.
 */
export async function scanGuided(reader: Reader, scan: GuidedScan): Promise<Stretch<ScannedEvent, EventKey>> {
  const { range, limit } = scan;
  const { order, after } = range;
  const bounds = boundsOf(range);
  const guide = await guidingMinutes(reader, scan, bounds);
  const first = guide.minutes[0];
  if (first === undefined) return { rows: [], until: null };

  const startsWithin = bounds.low > first.start || bounds.high < first.start + MINUTE_MICROS - 1;
  const plan = planGuidedScan(guide.minutes, { limit, budget: MAX_GUIDED_ROWS, startsWithin });
  const [whole, last] = await Promise.all([
    readWhole(reader, scan, clampAll(joinMinutes(plan.whole), bounds)),
    plan.last === null ? null : readLast(reader, scan, plan.last),
  ]);

  const direction = inDirection(compareEventKeys, order);
  const rows = whole.filter(({ key }) => after === null || direction(key, after) > 0);
  rows.sort((a, b) => direction(a.key, b.key));
  const end = plan.last ?? plan.whole.at(-1);
  const reached = guide.more || !plan.complete ? (end ?? null) : null;
  const until = reached === null ? null : startOf(edgeBeyond(reached, order));
  return { rows: [...rows, ...(last?.rows ?? [])], until: last?.until ?? until };
}

interface Bounds {
  low: Micros;
  high: Micros;
}

/** No timestamp lies behind it. */
const END_OF_TIME: Micros = Number.MAX_SAFE_INTEGER;

/** What is left of the range, both ends inclusive. */
function boundsOf({ order, from, to, after }: EventRange): Bounds {
  const low = from ?? 0;
  const high = to ?? END_OF_TIME;
  if (after === null) return { low, high };
  if (order === "asc") return { low: Math.max(low, after.occurredAt), high };
  // Where a page ended between two minutes, the later of them is done: taking it again would never end.
  const isDone = compareEventKeys(after, startOf(after.occurredAt)) === 0;
  return { low, high: Math.min(high, isDone ? after.occurredAt - 1 : after.occurredAt) };
}

function clampAll(stretches: [Micros, Micros][], { low, high }: Bounds): [Micros, Micros][] {
  return stretches.map(([from, to]) => [Math.max(from, low), Math.min(to, high + 1)]);
}

/** How many minutes each series is asked for, and how many minutes' costs at a time, before there is need for more. */
const FIRST_COUNTS = 2;
const FIRST_COSTS = 4;
const STEP = 8;

/**
 * The next minutes that hold wanted events, in the order of the walk, with what each holds and costs: as many as fill a
 * page or use up its budget.
 */
async function guidingMinutes(
  reader: Reader,
  scan: GuidedScan,
  bounds: Bounds,
): Promise<{ minutes: GuidingMinute[]; more: boolean }> {
  const { limit, among } = scan;
  const { minutes, more } = await matchingMinutes(reader, scan, bounds);
  const most = Math.max(1, Math.min(limit + 2, Math.floor(MAX_GUIDING_COUNTS / among.length)));
  const needed = minutes.slice(0, Math.min(most, minutesOfPage(minutes, limit) ?? most));
  const priced: GuidingMinute[] = [];
  let cost = 0;
  for (let step = FIRST_COSTS; priced.length < needed.length && cost <= MAX_GUIDED_ROWS; step *= STEP) {
    const next = needed.slice(priced.length, priced.length + step);
    const costs = await costsOf(
      reader,
      next.map(({ bucket }) => bucket),
      among,
    );
    for (const { bucket, matching } of next) {
      priced.push({ start: bucket * 1_000_000, matching, cost: costs.get(bucket) ?? 0 });
      cost += costs.get(bucket) ?? 0;
    }
  }
  return { minutes: priced, more: more || priced.length < minutes.length };
}

interface MatchingMinute {
  /** Its start in seconds since 1970. */
  bucket: number;
  matching: number;
}

/**
 * How many of the minutes it takes to pass the limit; null if they do not. The first does not count: the walk may begin
 * late within it.
 */
function minutesOfPage(minutes: MatchingMinute[], limit: number): number | null {
  let rows = 0;
  const last = minutes.findIndex(({ matching }, index) => {
    if (index > 0) rows += matching;
    return rows > limit;
  });
  return last === -1 ? null : last + 1;
}

/**
 * The next minutes that hold wanted events. Each series is asked for few minutes first, and for more, up to its share of
 * the bound, only while these do not fill a page. Where a series was cut, only the minutes up to its cut are known in full.
 */
async function matchingMinutes(
  reader: Reader,
  { range: { order }, limit, wanted }: GuidedScan,
  { low, high }: Bounds,
): Promise<{ minutes: MatchingMinute[]; more: boolean }> {
  const most = Math.max(1, Math.min(limit + 2, Math.floor(MAX_GUIDING_COUNTS / wanted.length)));
  for (let each = Math.min(FIRST_COUNTS, most); ; each = Math.min(each * STEP, most)) {
    const rows = await nextCounts(reader, { order, wanted, each, low: toBucket(low), high: toBucket(high) });
    const found = knownMinutes(rows, each, order);
    if (!found.more || each === most || minutesOfPage(found.minutes, limit) !== null) return found;
  }
}

function knownMinutes(
  rows: { series: number; bucket: number; events: number }[],
  each: number,
  order: "asc" | "desc",
): { minutes: MatchingMinute[]; more: boolean } {
  const direction = order === "asc" ? 1 : -1;
  const matching = new Map<number, number>();
  const perSeries = new Map<number, { found: number; furthest: number }>();
  for (const { series, bucket, events: count } of rows) {
    matching.set(bucket, (matching.get(bucket) ?? 0) + count);
    const entry = perSeries.get(series) ?? { found: 0, furthest: bucket };
    entry.found += 1;
    if ((bucket - entry.furthest) * direction > 0) entry.furthest = bucket;
    perSeries.set(series, entry);
  }
  const cuts = [...perSeries.values()].filter(({ found }) => found >= each).map(({ furthest }) => furthest * direction);
  const horizon = Math.min(...cuts, Number.POSITIVE_INFINITY);
  const minutes = [...matching]
    .filter(([bucket]) => bucket * direction <= horizon)
    .map(([bucket, count]) => ({ bucket, matching: count }))
    .sort((a, b) => (a.bucket - b.bucket) * direction);
  return { minutes, more: cuts.length > 0 };
}

/** The start of a moment's minute, in seconds since 1970, as `counts` has it. */
function toBucket(moment: Micros): number {
  return Math.floor(moment / MINUTE_MICROS) * 60;
}

/** The next `each` minutes of every wanted series. Written out: Drizzle has no query that takes its bound from a list. */
function nextCounts(
  reader: Reader,
  asked: { order: "asc" | "desc"; wanted: number[]; each: number; low: number; high: number },
): Promise<{ series: number; bucket: number; events: number }[]> {
  const { wanted, each, low, high } = asked;
  const cut = sql`(
    SELECT near.bucket FROM ${counts} AS near
    WHERE near.seconds = 60 AND near.series_id = wanted.value AND near.bucket BETWEEN ${low} AND ${high}
    ORDER BY near.bucket ${asked.order === "asc" ? sql`ASC` : sql`DESC`} LIMIT 1 OFFSET ${each - 1})`;
  const bounds =
    asked.order === "asc" ? sql`${low} AND coalesce(${cut}, ${high})` : sql`coalesce(${cut}, ${low}) AND ${high}`;
  return reader.all(sql`
    SELECT held.series_id AS series, held.bucket AS bucket, held.events AS events
    FROM json_each(${JSON.stringify(wanted)}) AS wanted CROSS JOIN ${counts} AS held
    WHERE held.seconds = 60 AND held.series_id = wanted.value AND held.bucket BETWEEN ${bounds}`);
}

/** How many events there are to be read in each of the given minutes. */
async function costsOf(reader: Reader, buckets: number[], among: number[]): Promise<Map<number, number>> {
  const rows = await reader.all<{ bucket: number; cost: number }>(sql`
    SELECT minute.value AS bucket, (
      SELECT total(held.events)
      FROM json_each(${JSON.stringify(among)}) AS series CROSS JOIN ${counts} AS held
      WHERE held.seconds = 60 AND held.series_id = series.value AND held.bucket = minute.value
    ) AS cost
    FROM json_each(${JSON.stringify(buckets)}) AS minute`);
  return new Map(rows.map(({ bucket, cost }) => [bucket, cost]));
}

/** All wanted events of some stretches of time, in one query. */
async function readWhole(
  reader: Reader,
  { wanted, categoryId }: GuidedScan,
  stretches: [Micros, Micros][],
): Promise<ScannedEvent[]> {
  if (stretches.length === 0) return [];
  const list = sql`(SELECT value ->> 0 AS low, value ->> 1 AS high FROM json_each(${JSON.stringify(stretches)}))`;
  const rows = await reader
    .select(scannedColumns)
    .from(sql`${list} AS stretch`)
    .crossJoin(events)
    .where(
      and(
        categoryId === null ? undefined : eq(events.categoryId, categoryId),
        sql`${events.occurredAt} >= stretch.low AND ${events.occurredAt} < stretch.high`,
        inArray(events.seriesId, jsonList(wanted)),
      ),
    );
  return rows.map(toScanned);
}

/** The wanted events of one minute, in order, until the page is full. */
function readLast(
  reader: Reader,
  { range, limit, wanted, categoryId }: GuidedScan,
  { start }: GuidingMinute,
): Promise<Stretch<ScannedEvent, EventKey>> {
  const { low, high } = boundsOf(range);
  const end = start + MINUTE_MICROS - 1;
  const where = withinRange({ ...range, from: Math.max(low, start), to: Math.min(high, end) });
  if (categoryId !== null) where.push(eq(events.categoryId, categoryId));
  return scanEventsOfSeries(reader, { where, order: range.order, limit }, wanted, MAX_GUIDED_ROWS);
}
