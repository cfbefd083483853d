import { Refusal } from "../../../http/problem";
import { refuseParameter } from "../../../http/request/parameters";
import { readZonedRange, type ZonedRange } from "../../../http/request/zoned-range";
import { bucketOf, bucketStarts, laterBucket, nextBucket, type Period } from "../../../model/time/calendar";
import type { Micros } from "../../../model/time/time";
import type { TimeZone } from "../../../model/time/time-zone";
import { MINUTE_MICROS } from "../../../model/time/units";
import { MAX_COUNT_ROWS, MAX_STATS_BUCKETS } from "../../../storage/core/read-limits";
import { planCounts } from "../../../storage/questions/count-plan";
import { STATS_INTERVALS, type StatsInterval } from "./stats-parameters";

/** The number of buckets before the end if there is no `start_date`. */
const DEFAULT_BUCKETS: Record<StatsInterval, number> = { minute: 60, hour: 48, day: 30, week: 12, month: 12, none: 30 };

/**
 * The period of a query. The default end is the end of the current bucket, or of the start's bucket if that is later.
 * The default start is the default number of buckets before the end, counting days if there are no buckets.
 */
export function periodOf(range: ZonedRange, interval: StatsInterval, now: Micros): Period | Refusal {
  const given = readZonedRange(range);
  if (given instanceof Refusal) return given;
  const zone = range.timezone;
  const bucket = interval === "none" ? "day" : interval;
  const last = bucketOf(Math.max(now, given.start ?? 0), bucket, zone);
  const end = given.end ?? nextBucket(last, bucket, zone);
  if (given.start !== null) return { start: given.start, end };
  const newest = bucketOf(end - 1, bucket, zone);
  const back = DEFAULT_BUCKETS[interval] - 1;
  const start =
    bucket === "minute" || bucket === "hour"
      ? newest - back * (bucket === "minute" ? MINUTE_MICROS : 60 * MINUTE_MICROS)
      : laterBucket(newest, bucket, -back, zone);
  return { start: Math.max(0, start), end };
}

/**
 * The starts of a period's buckets, and its end. The first bucket starts with the period, even within an hour or a
 * day.
 */
export function boundsOf(period: Period, interval: StatsInterval, zone: TimeZone): number[] | Refusal {
  return fittingBounds(period, interval, zone) ?? refuseRange(period, interval, zone);
}

/** Null if a response cannot hold so many buckets, or would read too many counts. */
function fittingBounds(period: Period, interval: StatsInterval, zone: TimeZone): number[] | null {
  const bounds = fewBounds(period, interval, zone);
  return bounds === null || planCounts(bounds).rows > MAX_COUNT_ROWS ? null : bounds;
}

/** Null if there are too many. */
function fewBounds(period: Period, interval: StatsInterval, zone: TimeZone): number[] | null {
  const starts = interval === "none" ? [period.start] : bucketStarts(period, interval, zone, MAX_STATS_BUCKETS);
  return starts.length > MAX_STATS_BUCKETS ? null : [period.start, ...starts.slice(1), period.end];
}

function refuseRange(period: Period, interval: StatsInterval, zone: TimeZone): Refusal {
  const wider = STATS_INTERVALS.slice(STATS_INTERVALS.indexOf(interval) + 1).find(
    (other) => fittingBounds(period, other, zone) !== null,
  );
  const advice = wider === undefined ? "Use a shorter range." : `Use interval=${wider} or a shorter range.`;
  const hasMany = fewBounds(period, interval, zone) === null;
  const limit = hasMany ? MAX_STATS_BUCKETS : MAX_COUNT_ROWS;
  const reason = hasMany ? `has more than ${limit} buckets of one ${interval}` : `needs more than ${limit} counts`;
  const { code, detail, members } = refuseParameter("start_date", `the range ${reason}. ${advice}`);
  return new Refusal(code, detail, { ...members, limit });
}
