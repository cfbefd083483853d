import { sql } from "drizzle-orm";
import { SERIES_PER_PAGE } from "../../../model/limits";
import type { Micros } from "../../../model/time/time";
import { HOUR_SECONDS, hourOf, MINUTE_MICROS, minuteOf } from "../../../model/time/units";
import { MAX_GUIDING_COUNTS, MAX_MINUTE_BUCKET_ROWS } from "../../core/read-limits";
import { readBatch } from "../../core/reader";
import { unionStatements } from "../../core/union-all";
import { idsByPage } from "../../counts/counts";
import { integer, type Order } from "../../scan/event-order";
import { laneTable, readAll } from "../../scan/lane-chains";
import { inDirection } from "../../scan/partial-page";
import { everyPage } from "../../scan/scan-terms";
import { type GuidingBucket, type MinuteBucketPlan, planMinuteBucketScan } from "./minute-bucket-plan";
import { type GuidedScan, laneOf, sparseHours, sumOf } from "./sparse-hours";

/** The hours first requested for each dimension key, and the factor for the next request if more are needed. */
const FIRST_HOURS = 2;
const STEP = 8;

export interface GuidingQuestion extends GuidedScan {
  order: Order;
  limit: number;
}

export interface MinuteBucketPage {
  plan: MinuteBucketPlan;
  /** True if there may be more wanted events after the last one read. */
  more: boolean;
  /** How far the counts were read, if the plan includes everything that they found. */
  reached: Micros | null;
}

/**
 * Chooses the buckets to read for a page. `series_hours` gives the hours in which the wanted dimension keys have events.
 * The counts give the number of events and the cost of each minute, or of an hour if its events are few: see
 * sparse-hours.ts. It first reads few hours, then more, up to the limit, as long as they neither fill the page nor use up
 * its budget.
 */
export async function planPage(question: GuidingQuestion): Promise<MinuteBucketPage> {
  const { wanted, order, limit, bounds } = question;
  const buckets: GuidingBucket[] = [];
  const pages = Math.ceil((Math.max(0, ...wanted.ids) + 1) / SERIES_PER_PAGE);
  const rowsOfMinutes = Math.max(wanted.ids.length, 60 * pages);
  let rowsLeft = Math.max(rowsOfMinutes, MAX_GUIDING_COUNTS);
  let { low, high } = { low: hourOf(bounds.low), high: hourOf(bounds.high) };
  for (let step = FIRST_HOURS; ; step *= STEP) {
    const each = Math.min(step, Math.floor(rowsLeft / rowsOfMinutes));
    const { next, isCut } = await nextHours(question, { low, high, each });
    const sparse = await sparseHours(question, next);
    const others = next.filter((hour) => !sparse.has(hour));
    const found = [...sparse.values(), ...(others.length === 0 ? [] : await minutesOf(question, others))];
    buckets.push(...found.sort(inDirection((a, b) => a.start - b.start, order)));
    rowsLeft -= others.length * rowsOfMinutes + sparse.size * (wanted.ids.length + 1);
    const { start, width } = buckets[0] ?? { start: 0, width: MINUTE_MICROS };
    const startsWithin = bounds.low > start || bounds.high < start + width - 1;
    const plan = planMinuteBucketScan(buckets, { limit, budget: MAX_MINUTE_BUCKET_ROWS, startsWithin });
    const isFull = plan.last !== null || !plan.complete;
    const last = next.at(-1);
    if (!isCut || last === undefined) return { plan, more: !plan.complete, reached: null };
    const reached = (order === "asc" ? last + HOUR_SECONDS : last) * 1_000_000;
    if (isFull || rowsLeft < rowsOfMinutes) return { plan, more: true, reached: plan.complete ? reached : null };
    if (order === "asc") low = last + HOUR_SECONDS;
    else high = last - HOUR_SECONDS;
  }
}

/**
 * The next hours that hold wanted events, in the order of the scan: `each` of every dimension key, and as many in
 * all. `isCut` means that there may be more.
 */
async function nextHours(
  { database, wanted, order }: GuidingQuestion,
  { low, high, each }: { low: number; high: number; each: number },
): Promise<{ next: number[]; isCut: boolean }> {
  const direction = sql.raw(order === "asc" ? "ASC" : "DESC");
  const [hours = []] = await readBatch<{ hour: number }>(database, [
    sql`SELECT DISTINCT h.hour AS hour FROM json_each(${JSON.stringify(wanted.ids)}) AS wanted CROSS JOIN series_hours AS h
      WHERE h.series_id = wanted.value AND h.hour IN (
        SELECT own.hour FROM series_hours AS own
        WHERE own.series_id = wanted.value AND own.hour BETWEEN ${integer(low)} AND ${integer(high)}
        ORDER BY own.hour ${direction} LIMIT ${integer(each + 1)}
      )
      ORDER BY 1 ${direction} LIMIT ${integer(each + 1)}`,
  ]);
  // The first hours of all are among the first hours of each key, so all hours before the last one are complete.
  return { next: hours.slice(0, each).map(({ hour }) => hour), isCut: hours.length > each };
}

interface MinuteRow {
  minute: number;
  events: number;
  bySeries: string;
}

/**
 * The minutes of some hours that hold wanted events, in no order. Reads one row for each minute and page of dimension
 * keys. It passes a single range, because of two ranges SQLite may use the wider for its seek.
 */
async function minutesOf(question: GuidingQuestion, hours: readonly number[]): Promise<GuidingBucket[]> {
  const { database, wanted, lanes, readsIndex, bounds } = question;
  const parts = lanes.flatMap((lane) => {
    const low = Math.max(bounds.low, lane.partition.from);
    const high = Math.min(bounds.high, lane.partition.to - 1);
    const own = hours.filter((hour) => (hour + HOUR_SECONDS) * 1_000_000 > low && hour * 1_000_000 <= high);
    return own.length === 0 ? [] : [{ lane, own, low: minuteOf(low), high: minuteOf(high) }];
  });
  const asked = [...idsByPage([...wanted.ids, ...(wanted.category?.ids ?? [])]).keys()];
  const terms = parts.map(
    ({ lane, own, low, high }) => sql`
      SELECT held.minute AS minute, held.events AS events,
        iif(held.page IN (SELECT value FROM json_each(${JSON.stringify(asked)})), held.by_series, '{}') AS bySeries
      FROM json_each(${JSON.stringify(own)}) AS hours CROSS JOIN ${everyPage()} AS pages
      CROSS JOIN ${laneTable("minutes", lane)} AS held
      WHERE held.page = pages.page
        AND held.minute BETWEEN max(hours.value, ${integer(low)}) AND min(hours.value + 3540, ${integer(high)})`,
  );
  const statements = unionStatements(terms).map((statement) => ({ database, statement }));
  const rows = (await readAll<MinuteRow>(statements)).flat();

  const found = new Map<number, GuidingBucket>();
  for (const { minute, events, bySeries } of rows) {
    const start = minute * 1_000_000;
    const held: Record<string, number> = JSON.parse(bySeries);
    const entry = found.get(minute) ?? { start, width: MINUTE_MICROS, matching: 0, cost: 0 };
    const lane = laneOf(start, lanes);
    entry.matching += sumOf(held, wanted.ids);
    entry.cost += lane !== undefined && readsIndex(lane) ? sumOf(held, wanted.category?.ids ?? []) : events;
    found.set(minute, entry);
  }
  return [...found.values()].filter(({ matching }) => matching > 0);
}
