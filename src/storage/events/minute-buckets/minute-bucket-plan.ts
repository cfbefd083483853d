import type { Micros } from "../../../model/time/time";
import { MINUTE_MICROS } from "../../../model/time/units";
import type { Order } from "../../scan/event-order";

/** A minute that holds events of the wanted dimension keys, with their number and the number of events to read in it. */
export interface GuidingMinute {
  /** Its start, in microseconds since 1970. */
  start: Micros;
  matching: number;
  cost: number;
}

/** What to read for one page. */
export interface MinuteBucketPlan {
  /** Minutes that are read completely: together they hold at most about two pages. */
  whole: GuidingMinute[];
  /**
   * The minute in which the page fills up. It is read in order, and no further than needed. It follows the complete
   * ones.
   */
  last: GuidingMinute | null;
  /** True if all given minutes are in the plan. */
  complete: boolean;
}

/**
 * Chooses from exact counts which minutes to read for a page of events that no index covers.
 *
 * Takes minutes in the order of the scan until they hold more than `limit` matching events, or until reading them
 * would cost more than `budget` rows. The first minute is always taken, so that every page advances; the reader
 * bounds its cost.
 *
 * @param startsWithin true if the scan starts within the first minute, so that its counts are too high
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

/** Joins adjacent minutes to time ranges, `[from, to)` in microseconds, in ascending order. */
export function joinMinutes(minutes: { start: Micros }[]): [Micros, Micros][] {
  const ranges: [Micros, Micros][] = [];
  for (const { start } of minutes.toSorted((a, b) => a.start - b.start)) {
    const previous = ranges.at(-1);
    if (previous !== undefined && previous[1] === start) previous[1] = start + MINUTE_MICROS;
    else ranges.push([start, start + MINUTE_MICROS]);
  }
  return ranges;
}

/** The time at which a scan leaves a minute: its end, or its start if the scan goes back in time. */
export function boundaryAfter(minute: { start: Micros }, order: Order): Micros {
  return order === "asc" ? minute.start + MINUTE_MICROS : minute.start;
}
