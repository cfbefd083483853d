import { Refusal } from "../../http/problem";
import { readZonedRange, type ZonedRange } from "../../http/request/zoned-range";
import { bucketOf, laterBucket, nextBucket } from "../../model/time/calendar";
import type { Micros } from "../../model/time/time";

/** The days in the default range of a query without `start_date`, including the last one. */
const DEFAULT_DAYS = 30;

/**
 * The first and last time of a query, both inclusive. The default end is the end of today in the requested time
 * zone. The default start is DEFAULT_DAYS days before the end.
 */
export function rangeOf(asked: ZonedRange, now: Micros): { from: Micros; to: Micros } | Refusal {
  const given = readZonedRange(asked);
  if (given instanceof Refusal) return given;
  const zone = asked.timezone;
  const end = given.end ?? nextBucket(bucketOf(Math.max(now, given.start ?? 0), "day", zone), "day", zone);
  const newest = bucketOf(end - 1, "day", zone);
  const start = given.start ?? laterBucket(newest, "day", 1 - DEFAULT_DAYS, zone);
  return { from: Math.max(0, start), to: end - 1 };
}
