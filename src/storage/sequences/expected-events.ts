import { sql } from "drizzle-orm";
import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { readBatch } from "../core/reader";
import { type Bounds, integer } from "../scan/event-order";
import { everyPage } from "../scan/scan-terms";

/** Ranges up to this length are counted by the hour, longer ones by the day. */
const MAX_HOURLY_MICROS = 4 * 86_400 * 1_000_000;

/**
 * The number of events that a database holds in a time range, estimated from its counts: the events of a bucket are
 * assumed to be evenly distributed. Late lanes are not counted.
 */
export type ExpectedEvents = (bounds: Bounds) => number;

/** Reads one row for each hour or day of the range that has events, and each 256 dimension keys. */
export async function expectedEvents(database: Database, { low, high }: Bounds): Promise<ExpectedEvents> {
  const seconds = high - low <= MAX_HOURLY_MICROS ? 3_600 : 86_400;
  const bucketOf = (moment: Micros) => Math.floor(moment / 1_000_000 / seconds) * seconds;
  const [buckets = []] = await readBatch<{ bucket: number; events: number }>(database, [
    sql`SELECT held.bucket AS bucket, sum(held.events) AS events
      FROM ${everyPage()} AS pages CROSS JOIN counts AS held
      WHERE held.seconds = ${integer(seconds)} AND held.page = pages.page
        AND held.bucket BETWEEN ${integer(bucketOf(low))} AND ${integer(bucketOf(high))}
      GROUP BY 1`,
  ]);
  return (bounds) =>
    buckets.reduce(
      (sum, { bucket, events }) => sum + events * overlap(bucket * 1_000_000, seconds * 1_000_000, bounds),
      0,
    );
}

/** The share of a bucket that overlaps a time range. */
function overlap(start: Micros, width: Micros, { low, high }: Bounds): number {
  return Math.max(0, Math.min(start + width, high + 1) - Math.max(start, low)) / width;
}
