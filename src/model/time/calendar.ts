import type { Micros } from "./time";
import type { LocalMillis, TimeZone } from "./time-zone";

export const CALENDAR_INTERVALS = ["minute", "hour", "day", "week", "month"] as const;

/** The width of a bucket in a zone's local time. Weeks begin on Monday. */
export type CalendarInterval = (typeof CALENDAR_INTERVALS)[number];

/** A range of time: [start, end). */
export interface Period {
  start: Micros;
  end: Micros;
}

/** The period of some buckets, given by their starts and the end of the last one. */
export function periodOf(bounds: readonly Micros[]): Period {
  return { start: bounds[0] ?? 0, end: bounds.at(-1) ?? 0 };
}

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** 1970-01-01 was a Thursday. */
const DAYS_BEFORE_MONDAY = 3;

/**
 * The starts of the buckets that overlap a period, ascending. The first may lie before the period. Days have 23 or 25
 * hours when clocks change.
 *
 * @param most at most one more than this many are returned
 */
export function bucketStarts(
  { start, end }: Period,
  interval: CalendarInterval,
  zone: TimeZone,
  most: number,
): Micros[] {
  const starts = [bucketOf(start, interval, zone)];
  for (let last = starts[0] ?? start; starts.length <= most; ) {
    last = nextBucket(last, interval, zone);
    if (last >= end) break;
    starts.push(last);
  }
  return starts;
}

/** The start of the bucket that contains a time. */
export function bucketOf(moment: Micros, interval: CalendarInterval, zone: TimeZone): Micros {
  if (interval === "minute") return Math.floor(moment / 60_000_000) * 60_000_000;
  const local = zone.localOf(moment);
  if (interval === "hour") {
    // Counting back from the time makes an hour that the clocks show twice two buckets.
    const start = Math.floor(moment / 1_000) * 1_000 - (local - Math.floor(local / HOUR_MS) * HOUR_MS) * 1_000;
    // If clocks changed within the hour, as on Lord Howe Island by half an hour, the bucket begins at the change.
    return zone.offsetAt(start) === zone.offsetAt(moment) ? start : zone.lastChange(start, moment);
  }
  return zone.momentOf(floorLocal(local, interval));
}

/** The start of the bucket after the one that starts at a time. */
export function nextBucket(start: Micros, interval: CalendarInterval, zone: TimeZone): Micros {
  if (interval === "minute") return start + 60_000_000;
  const local = zone.localOf(start);
  // After a change by half an hour, a bucket does not begin at a full hour.
  if (interval === "hour") return start + (HOUR_MS - (local - Math.floor(local / HOUR_MS) * HOUR_MS)) * 1_000;
  return laterBucket(start, interval, 1, zone);
}

/**
 * The start of the bucket that is `count` days, weeks or months after the one that starts at a time; before it if `count`
 * is negative. Where clocks change at midnight, a day can begin at one o'clock; the days around it begin at midnight.
 */
export function laterBucket(start: Micros, interval: "day" | "week" | "month", count: number, zone: TimeZone): Micros {
  return zone.momentOf(addLocal(floorLocal(zone.localOf(start), interval), interval, count));
}

/** The start of a local day, week or month. */
function floorLocal(local: LocalMillis, interval: "day" | "week" | "month"): LocalMillis {
  const day = Math.floor(local / DAY_MS);
  if (interval === "day") return day * DAY_MS;
  if (interval === "week") return (day - ((((day + DAYS_BEFORE_MONDAY) % 7) + 7) % 7)) * DAY_MS;
  const date = new Date(local);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
}

/** Moves a local time by some days, weeks, months or years. The 31st becomes the last day of a shorter month. */
export function addLocal(local: LocalMillis, unit: "day" | "week" | "month" | "year", count: number): LocalMillis {
  if (unit === "day") return local + count * DAY_MS;
  if (unit === "week") return local + 7 * count * DAY_MS;
  const day = Math.floor(local / DAY_MS) * DAY_MS;
  const date = new Date(day);
  const months = date.getUTCFullYear() * 12 + date.getUTCMonth() + (unit === "year" ? 12 * count : count);
  const [year, month] = [Math.floor(months / 12), months % 12];
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return Date.UTC(year, month, Math.min(date.getUTCDate(), lastDay)) + (local - day);
}

export const COMPARISONS = ["previous_period", "previous_year"] as const;

export type Comparison = (typeof COMPARISONS)[number];

/**
 * The period to compare a period with. The previous period has the same length in local time: as many months if both
 * ends are starts of months, as many days if both are midnights, otherwise the same duration.
 */
export function comparedPeriod(period: Period, comparison: Comparison, zone: TimeZone): Period {
  const { start, end } = period;
  const [from, to] = [dayOrLocal(start, zone), dayOrLocal(end, zone)];
  const exactly = (moment: Micros) => moment % 1_000;
  const shifted = (local: LocalMillis, moment: Micros) => zone.momentOf(local) + exactly(moment);
  if (comparison === "previous_year") {
    return { start: shifted(addLocal(from, "year", -1), start), end: shifted(addLocal(to, "year", -1), end) };
  }
  if (!startsDay(start, zone) || !startsDay(end, zone)) return { start: start - (end - start), end: start };
  const [first, last] = [new Date(from), new Date(to)];
  if (first.getUTCDate() === 1 && last.getUTCDate() === 1) {
    const months = (last.getUTCFullYear() - first.getUTCFullYear()) * 12 + last.getUTCMonth() - first.getUTCMonth();
    return { start: zone.momentOf(addLocal(from, "month", -months)), end: start };
  }
  return { start: zone.momentOf(from - (to - from)), end: start };
}

/** The local time, and midnight for the start of a day, even if clocks skip that midnight. */
function dayOrLocal(moment: Micros, zone: TimeZone): LocalMillis {
  const local = zone.localOf(moment);
  return startsDay(moment, zone) ? floorLocal(local, "day") : local;
}

function startsDay(moment: Micros, zone: TimeZone): boolean {
  return bucketOf(moment, "day", zone) === moment;
}

/**
 * The index of the bucket that contains a time, by the bounds of all buckets. -1 before the first; the number of
 * buckets after the last.
 */
export function bucketPlace(bounds: readonly Micros[], moment: Micros): number {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((bounds[middle] ?? 0) <= moment) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
