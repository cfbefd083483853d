import { sql } from "drizzle-orm";
import type { Measurement } from "../../model/alerts/alert";
import { HOUR_SECONDS } from "../../model/time/units";
import type { Database } from "../core/databases";
import { type Reader, readerOf } from "../core/reader";
import { failures } from "../core/tables";
import type { BucketRange, CountSource } from "../counts/count-tables";
import { sumBySeries, totalsIn } from "../counts/counts";
import { receiptSources } from "../counts/receipt-counts";
import { matchingSeriesIds, type SeriesFilter } from "../counts/series";
import { EVERY_FAILURE } from "../write/failure-counts";

const MINUTE = 60;

/** Which minutes, by their starts in seconds since 1970, and whether to count the stored events too. */
export interface ShareQuestion extends Omit<SeriesFilter, "applications"> {
  /** Null for all applications. */
  application: string | null;
  first: number;
  last: number;
  withStored: boolean;
}

/**
 * The numbers of failed and stored events that were received in a range of minutes, exact and from counts alone. The
 * range must be within RECEIPT_MINUTES_KEPT. For an application it
 * reads one row for each minute and type with failures, however much fails elsewhere. For stored events it reads one
 * row for each whole hour, and for each minute before and after the whole hours.
 *
 * @throws what D1 throws
 */
export async function measureFailures(databases: Database[], question: ShareQuestion): Promise<Measurement> {
  const failed = await Promise.all(databases.map((database) => failuresIn(readerOf(database), question)));
  const stored = question.withStored
    ? await Promise.all(receiptSources(databases).map((source) => storedIn(source, question)))
    : [];
  return { failures: sumOf(failed), stored: sumOf(stored) };
}

function sumOf(numbers: number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0);
}

async function failuresIn(
  reader: Reader,
  { application, category, name, first, last }: ShareQuestion,
): Promise<number> {
  const also = [
    ...(category === null ? [] : [sql`held.category = ${category}`]),
    ...(name === null ? [] : [sql`held.name = ${name}`]),
  ].map((condition) => sql` AND ${condition}`);
  // For each single minute the application is a range of the primary key; for a range of minutes it would not be.
  const minutes = Array.from({ length: (last - first) / MINUTE + 1 }, (_, place) => first + place * MINUTE);
  const from =
    application === null
      ? sql`${failures} AS held WHERE held.bucket BETWEEN ${first} AND ${last}`
      : sql`json_each(${JSON.stringify(minutes)}) AS minutes CROSS JOIN ${failures} AS held
          WHERE held.bucket = minutes.value AND held.application = ${application}`;
  const [row] = await reader.all<{ events: number | null }>(sql`
    SELECT sum(held.events) AS events FROM ${from} AND held.seconds = ${MINUTE} AND held.code = ${EVERY_FAILURE}
    ${sql.join(also)}`);
  return row?.events ?? 0;
}

async function storedIn(source: CountSource, question: ShareQuestion): Promise<number> {
  const ids = await matchingSeriesIds(readerOf(source.database), {
    ...question,
    applications: question.application === null ? null : [question.application],
  });
  const sums = await Promise.all(
    widestBuckets(question).map((range) => (ids === null ? totalsIn(source, range) : sumBySeries(source, range, ids))),
  );
  return sumOf(sums.flatMap((sum) => [...sum.values()]));
}

/** The minutes of a window as few buckets: its whole hours, and the minutes before and after them. */
export function widestBuckets({ first, last }: { first: number; last: number }): BucketRange[] {
  const firstHour = Math.ceil(first / HOUR_SECONDS) * HOUR_SECONDS;
  const lastHour = Math.floor((last + MINUTE) / HOUR_SECONDS) * HOUR_SECONDS - HOUR_SECONDS;
  if (firstHour > lastHour) return [{ seconds: MINUTE, first, last }];
  const ranges = [
    { seconds: MINUTE, first, last: firstHour - MINUTE },
    { seconds: HOUR_SECONDS, first: firstHour, last: lastHour },
    { seconds: MINUTE, first: lastHour + HOUR_SECONDS, last },
  ];
  return ranges.filter((range) => range.first <= range.last);
}
