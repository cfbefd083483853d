import { sql } from "drizzle-orm";
import type { Micros } from "../../../model/time/time";
import { HOUR_MICROS, HOUR_SECONDS } from "../../../model/time/units";
import type { Database } from "../../core/databases";
import { readBatch } from "../../core/reader";
import { idsByPage } from "../../counts/counts";
import { type Bounds, integer } from "../../scan/event-order";
import type { LaneSource } from "../../scan/lane-chains";
import type { WantedSeries } from "../wanted-series";
import type { GuidingBucket } from "./minute-bucket-plan";

/** A scan that counts guide. */
export interface GuidedScan {
  database: Database;
  wanted: WantedSeries;
  /** The main lanes to scan, each in its partition. */
  lanes: readonly LaneSource[];
  /** True for partitions of which only the wanted category's index is read. */
  readsIndex: (lane: LaneSource) => boolean;
  bounds: Bounds;
}

/** The most events of the category in an hour that is read as a whole: as many as the rows that count its minutes. */
const MAX_EVENTS = 60;

interface HourRow {
  hour: number;
  bySeries: string;
}

/**
 * Finds which of some hours can be read as a whole: those for which only the index of a rare category is read, and that
 * have few of its events. Reads one row for each hour and page of dimension keys; the counts of its minutes are sixty rows.
 *
 * An hour that a bound or the end of a partition divides is left to its minutes, and so is one without counts.
 *
 * @returns buckets by hour, in seconds since 1970
 */
export async function sparseHours(
  { database, wanted, lanes, readsIndex, bounds }: GuidedScan,
  hours: readonly number[],
): Promise<Map<number, GuidingBucket>> {
  const { category } = wanted;
  const found = new Map<number, GuidingBucket>();
  if (category === null) return found;
  const asked = hours.filter((hour) => {
    const start = hour * 1_000_000;
    const lane = laneOf(start, lanes);
    if (lane === undefined || !readsIndex(lane)) return false;
    const end = start + HOUR_MICROS;
    return start >= bounds.low && end <= bounds.high + 1 && end <= lane.partition.to;
  });
  if (asked.length === 0) return found;
  const pages = [...idsByPage(category.ids).keys()];
  const [rows = []] = await readBatch<HourRow>(database, [
    sql`SELECT held.bucket AS hour, held.by_series AS bySeries
      FROM json_each(${JSON.stringify(asked)}) AS hours CROSS JOIN json_each(${JSON.stringify(pages)}) AS pages
      CROSS JOIN counts AS held
      WHERE held.seconds = ${integer(HOUR_SECONDS)} AND held.page = pages.value AND held.bucket = hours.value`,
  ]);
  for (const { hour, bySeries } of rows) {
    const held: Record<string, number> = JSON.parse(bySeries);
    const bucket = found.get(hour) ?? { start: hour * 1_000_000, width: HOUR_MICROS, matching: 0, cost: 0 };
    bucket.matching += sumOf(held, wanted.ids);
    bucket.cost += sumOf(held, category.ids);
    found.set(hour, bucket);
  }
  return new Map([...found].filter(([, { cost }]) => cost <= MAX_EVENTS));
}

/** The lane whose partition covers a time. */
export function laneOf(moment: Micros, lanes: readonly LaneSource[]): LaneSource | undefined {
  return lanes.find(({ partition: { from, to } }) => from <= moment && moment < to);
}

/** The events of some dimension keys in the counts of a bucket. */
export function sumOf(bySeries: Record<string, number>, ids: readonly number[]): number {
  return ids.reduce((sum, id) => sum + (bySeries[id] ?? 0), 0);
}
