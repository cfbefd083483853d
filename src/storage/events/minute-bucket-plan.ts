import type { Micros } from "../../model/time/time";
import type { Order } from "../scan/event-order";

export const MINUTE_MICROS = 60_000_000;

/** A minute that holds events of the wanted series, with how many, and how many events there are to be read in it. */
export interface GuidingMinute {
  /** Its start, in microseconds since 1970. */
  start: Micros;
  matching: number;
  cost: number;
}

/** What to read for one page. */
export interface MinuteBucketPlan {
  /** Minutes of which everything is read: together they hold at most about two pages. */
  whole: GuidingMinute[];
  /** The minute in which the page fills up: read in order, and no further than needed. It follows those read whole. */
  last: GuidingMinute | null;
  /** True if all the given minutes are in the plan. */
  complete: boolean;
}

/**
 * Chooses which minutes to read for a page of events that no index covers, from exact counts.
 *
 * Goes through the minutes in the order of the scan until they hold more than `limit` matching events, or until reading
 * them would cost more than `budget` rows. The first minute is taken whatever it costs, so that every page moves on; the
 * reader bounds it.
 *
 * @param startsWithin true if the scan begins within the first minute, whose counts then say too much
 */
export function planMinuteBucketScan(
  minutes: GuidingMinute[],
  { limit, budget, startsWithin }: { limit: number; budget: number; startsWithin: boolean },
): MinuteBucketPlan {
  const whole: GuidingMinute[] = [];
  let rows = 0;
  let cost = 0;
  for (const [index, minute] of minutes.entries()) {
    const isLast = index === minutes.length - 1;
    if (cost + minute.cost > budget) {
      return index === 0 ? { whole, last: minute, complete: isLast } : { whole, last: null, complete: false };
    }
    if (rows + minute.matching > limit) return { whole, last: minute, complete: isLast };
    whole.push(minute);
    cost += minute.cost;
    if (index > 0 || !startsWithin) rows += minute.matching;
  }
  return { whole, last: null, complete: true };
}

/** Joins neighbouring minutes to ranges of time, `[from, to)` in microseconds, in ascending order. */
export function joinMinutes(minutes: { start: Micros }[]): [Micros, Micros][] {
  const ranges: [Micros, Micros][] = [];
  for (const { start } of minutes.toSorted((a, b) => a.start - b.start)) {
    const previous = ranges.at(-1);
    if (previous !== undefined && previous[1] === start) previous[1] = start + MINUTE_MICROS;
    else ranges.push([start, start + MINUTE_MICROS]);
  }
  return ranges;
}

/** The moment at which a scan has left a minute: its end, or its start when scanning back. */
export function edgeBeyond(minute: { start: Micros }, order: Order): Micros {
  return order === "asc" ? minute.start + MINUTE_MICROS : minute.start;
}
