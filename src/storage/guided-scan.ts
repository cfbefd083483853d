import { and, eq, inArray, sql } from "drizzle-orm";
import type { Micros } from "../model/time";
import { countsOfMinutes } from "./counts";
import {
  isWalked,
  type ScannedEvent,
  scanEventsOfSeries,
  scannedColumns,
  toScanned,
  walkedColumns,
} from "./event-scan";
import {
  edgeBeyond,
  type GuidedPlan,
  type GuidingMinute,
  joinMinutes,
  MINUTE_MICROS,
  planGuidedScan,
} from "./guided-plan";
import { compareEventKeys, type EventKey, type EventRange, type Order, startOf, withinRange } from "./order";
import { MAX_GUIDED_ROWS, MAX_GUIDING_COUNTS } from "./read-limits";
import type { Reader } from "./reader";
import { jsonList } from "./series";
import { inDirection, type Stretch } from "./stretch";
import { events, seriesMinutes } from "./tables";

export interface GuidedScan {
  range: EventRange;
  limit: number;
  /** The series wanted. */
  wanted: number[];
  /** The category that holds them all, if one does: then only its index is looked through. */
  categoryId: number | null;
  /** All series among which the wanted ones lie: those of the category, or of the database. */
  among: number[];
}

/**
 * Events of some series, which no index covers (a rare name in a common category, say). `series_minutes` tells which
 * minutes hold them, the counts how many they are and what a minute costs, and only these minutes are read.
 *
 * Bounded for each page: MAX_GUIDING_COUNTS minutes of series, a row of counts a page of series for each minute, and
 * events for MAX_GUIDED_ROWS, twice that if a single minute holds more. Where a bound ends it, the page is short and the
 * walk goes on from there. Mostly it is far less: two minutes of a common series fill a page.
 */
export async function scanGuided(reader: Reader, scan: GuidedScan): Promise<Stretch<ScannedEvent, EventKey>> {
  const { order, after } = scan.range;
  const bounds = boundsOf(scan.range);
  const { plan, more } = await planPage(reader, scan, bounds);
  const [whole, last] = await Promise.all([
    readWhole(reader, scan, clampAll(joinMinutes(plan.whole), bounds)),
    plan.last === null ? null : readLast(reader, scan, plan.last),
  ]);

  const direction = inDirection(compareEventKeys, order);
  const rows = whole.filter(({ key }) => after === null || direction(key, after) > 0);
  rows.sort((a, b) => direction(a.key, b.key));
  const reached = more ? (plan.last ?? plan.whole.at(-1) ?? null) : null;
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

/** How many minutes each series is asked for before there is need for more, and how many times as many then. */
const FIRST_MINUTES = 4;
const STEP = 8;

/**
 * Which minutes to read for a page. Each series is asked for few minutes first, and for more, up to its share of
 * the bound, only while these neither fill the page nor use up its budget.
 */
async function planPage(
  reader: Reader,
  { range: { order }, limit, wanted, among, categoryId }: GuidedScan,
  bounds: Bounds,
): Promise<{ plan: GuidedPlan; more: boolean }> {
  const minutes: GuidingMinute[] = [];
  let { low, high } = { low: toMinute(bounds.low), high: toMinute(bounds.high) };
  let left = Math.max(1, Math.min(limit + 2, Math.floor(MAX_GUIDING_COUNTS / wanted.length)));
  for (let step = FIRST_MINUTES; ; step *= STEP) {
    const each = Math.min(step, left);
    left -= each;
    const { next, horizon } = await nextMinutes(reader, { order, wanted, each, low, high, most: limit + 2 });
    const held = await countsOfMinutes(reader, next, categoryId === null ? wanted : among);
    for (const minute of next) {
      const counts = held.get(minute) ?? { events: 0, bySeries: new Map<number, number>() };
      const cost = categoryId === null ? counts.events : sumOf(counts.bySeries, among);
      minutes.push({ start: minute * 1_000_000, matching: sumOf(counts.bySeries, wanted), cost });
    }
    const start = minutes[0]?.start ?? 0;
    const startsWithin = bounds.low > start || bounds.high < start + MINUTE_MICROS - 1;
    const plan = planGuidedScan(minutes, { limit, budget: MAX_GUIDED_ROWS, startsWithin });
    const isFull = plan.last !== null || !plan.complete;
    if (isFull || horizon === null || left === 0) return { plan, more: horizon !== null || !plan.complete };
    if (order === "asc") low = horizon + 60;
    else high = horizon - 60;
  }
}

function sumOf(bySeries: Map<number, number>, seriesIds: readonly number[]): number {
  return seriesIds.reduce((sum, id) => sum + (bySeries.get(id) ?? 0), 0);
}

/** The start of a moment's minute, in seconds since 1970. */
function toMinute(moment: Micros): number {
  return Math.floor(moment / MINUTE_MICROS) * 60;
}

/**
 * The next minutes that hold wanted events, in the order of the walk: `each` of every series, and at most `most` in all.
 * Where a series has more, only the minutes up to its last one are known in full. Then this is the horizon, and minutes
 * beyond it are left for the next time.
 */
async function nextMinutes(
  reader: Reader,
  asked: { order: Order; wanted: number[]; each: number; low: number; high: number; most: number },
): Promise<{ next: number[]; horizon: number | null }> {
  const { order, wanted, each, low, high, most } = asked;
  const [all] = await reader.all<{ lists: string }>(sql`
    SELECT json_group_array(json((SELECT json_group_array(minute) FROM (
      SELECT minute FROM ${seriesMinutes} WHERE series_id = wanted.value AND minute BETWEEN ${low} AND ${high}
      ORDER BY minute ${order === "asc" ? sql`ASC` : sql`DESC`} LIMIT ${each}
    ) AS own))) AS lists
    FROM json_each(${JSON.stringify(wanted)}) AS wanted`);
  const lists: number[][] = JSON.parse(all?.lists ?? "[]");
  const direction = order === "asc" ? 1 : -1;
  const cuts = lists.flatMap((list) => (list.length < each ? [] : list.slice(-1)));
  const known = Math.min(...cuts.map((cut) => cut * direction));
  const next = [...new Set(lists.flat())]
    .filter((minute) => minute * direction <= known)
    .sort((a, b) => (a - b) * direction);
  const isCut = cuts.length > 0 || next.length > most;
  return { next: next.slice(0, most), horizon: isCut ? (next.slice(0, most).at(-1) ?? null) : null };
}

/** All wanted events of some stretches of time, in one query. */
async function readWhole(
  reader: Reader,
  { wanted, categoryId }: GuidedScan,
  stretches: [Micros, Micros][],
): Promise<ScannedEvent[]> {
  if (stretches.length === 0) return [];
  const list = sql`(SELECT value ->> 0 AS low, value ->> 1 AS high FROM json_each(${JSON.stringify(stretches)}))`;
  const walked = reader
    .select(walkedColumns)
    .from(sql`${list} AS stretch`)
    .crossJoin(events)
    .where(
      and(
        categoryId === null ? undefined : eq(events.categoryId, categoryId),
        sql`${events.occurredAt} >= stretch.low AND ${events.occurredAt} < stretch.high`,
        inArray(events.seriesId, jsonList(wanted)),
      ),
    )
    .as("walked");
  const rows = await reader.select(scannedColumns).from(walked).crossJoin(events).where(isWalked(walked));
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
