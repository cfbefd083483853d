import type { Micros } from "../../../model/time/time";
import type { Order } from "../../scan/event-order";

/**
 * A minute or an hour that holds events of the wanted dimension keys, with their number and the number of events to read in
 * it.
 */
export interface GuidingBucket {
  /** Its start, in microseconds since 1970, and its width. */
  start: Micros;
  width: Micros;
  matching: number;
  cost: number;
}

/** What to read for one page. */
export interface MinuteBucketPlan {
  /** Buckets that are read completely: together they hold at most about two pages. */
  whole: GuidingBucket[];
  /**
   * The bucket in which the page fills up. It is read in order, and no further than needed. It follows the complete
   * ones.
   */
  last: GuidingBucket | null;
  /** True if all given buckets are in the plan. */
  complete: boolean;
}

/**
 * Chooses from exact counts which buckets to read for a page of events that no index covers.
 *
 * Takes them in the order of the scan until they hold more than `limit` matching events, or until reading them would cost
 * more than `budget` rows. The first one is always taken, so that every page advances; the reader bounds its cost.
 *
 * @param startsWithin true if the scan starts within the first bucket, so that its counts are too high
 */
export function planMinuteBucketScan(
  buckets: GuidingBucket[],
  { limit, budget, startsWithin }: { limit: number; budget: number; startsWithin: boolean },
): MinuteBucketPlan {
  const whole: GuidingBucket[] = [];
  let rows = 0;
  let cost = 0;
  for (const [index, bucket] of buckets.entries()) {
    const isLast = index === buckets.length - 1;
    if (cost + bucket.cost > budget) {
      return index === 0 ? { whole, last: bucket, complete: isLast } : { whole, last: null, complete: false };
    }
    if (rows + bucket.matching > limit) return { whole, last: bucket, complete: isLast };
    whole.push(bucket);
    cost += bucket.cost;
    if (index > 0 || !startsWithin) rows += bucket.matching;
  }
  return { whole, last: null, complete: true };
}

/** Joins adjacent buckets to time ranges, `[from, to)` in microseconds, in ascending order. */
export function joinBuckets(buckets: Pick<GuidingBucket, "start" | "width">[]): [Micros, Micros][] {
  const ranges: [Micros, Micros][] = [];
  for (const { start, width } of buckets.toSorted((a, b) => a.start - b.start)) {
    const previous = ranges.at(-1);
    if (previous !== undefined && previous[1] === start) previous[1] = start + width;
    else ranges.push([start, start + width]);
  }
  return ranges;
}

/** The time at which a scan leaves a bucket: its end, or its start if the scan goes back in time. */
export function boundaryAfter({ start, width }: Pick<GuidingBucket, "start" | "width">, order: Order): Micros {
  return order === "asc" ? start + width : start;
}
