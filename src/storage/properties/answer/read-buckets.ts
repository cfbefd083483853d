import type { Database } from "../../core/databases";
import { groupsOf } from "../../core/groups-of";
import { readBatch } from "../../core/reader";
import { type CountText, countQuery } from "../../counts/counts";
import { NO_PARTITIONS } from "../../partitions/partition-records";
import { addCounts, bucketKey, countsOf, seriesKey, spansOf } from "../declared-series";
import {
  BUCKETS_PER_STATEMENT,
  type HeldCounts,
  heldStatement,
  type PropertyBucket,
  type PropertyWidth,
  readPropertyCounts,
} from "../property-store";

/** Rows whose values are read in one call, about 50 KB each at most, and calls at the same time. */
const ROWS_PER_CALL = 96;
const CALLS_AT_ONCE = 3;

/** A row of counts in each bucket: of a property in a dimension key, or in ALL_APPLICATIONS. */
export interface BucketRow extends Omit<PropertyBucket, "bucket"> {
  /** The dimension keys whose events it has. */
  keys: readonly number[];
}

/** What is known about some buckets. */
export interface KnownBuckets {
  /** The events of the dimension keys of a row. */
  eventsOf(row: Pick<BucketRow, "keys">, bucket: number): number;
  /** The counts of their values, by `bucketKey`. Some may be missing, and some may be older than the events. */
  held: ReadonlyMap<string, HeldCounts>;
}

/**
 * Reads the events of some buckets, and the counts of their values, and passes each bucket to `take`. The values of a few
 * hundred rows are held at a time.
 *
 * @param buckets their starts in seconds since 1970
 * @throws DrizzleQueryError
 */
export async function readBuckets(
  database: Database,
  seconds: PropertyWidth,
  { buckets, rows }: { buckets: readonly number[]; rows: readonly BucketRow[] },
  take: (bucket: number, known: KnownBuckets) => void,
): Promise<void> {
  const isFew = rows.length <= BUCKETS_PER_STATEMENT;
  // Of many dimension keys, few have events in a bucket: the others are not looked up.
  const counted = isFew ? null : await countsOf(database, keysOf(rows), seconds, buckets);
  const readSome = async (some: readonly number[]) => {
    const known =
      counted === null
        ? await readTogether(database, seconds, some, rows)
        : await readHeld(database, seconds, some, rows, counted);
    for (const bucket of some) take(bucket, known);
  };
  const atOnce = Math.max(1, Math.floor(ROWS_PER_CALL / Math.max(1, rows.length)));
  for (const calls of groupsOf(groupsOf(buckets, atOnce), CALLS_AT_ONCE)) await Promise.all(calls.map(readSome));
}

/** Reads the events and the values in one call. */
async function readTogether(
  database: Database,
  seconds: PropertyWidth,
  buckets: readonly number[],
  rows: readonly BucketRow[],
): Promise<KnownBuckets> {
  const range = { seconds, spans: spansOf(buckets, seconds) };
  // Counts by hour and day need no partition map.
  const counts = countQuery({ database, map: NO_PARTITIONS }, range, keysOf(rows));
  const perStatement = Math.max(1, Math.floor(BUCKETS_PER_STATEMENT / Math.max(1, rows.length)));
  const groups = rows.length === 0 ? [] : groupsOf(buckets, perStatement);
  const statements = groups.map((some) => heldStatement(seconds, rows, spansOf(some, seconds)));
  const results = await readBatch<CountText & HeldCounts>(database, [...counts.statements, ...statements]);
  const counted = new Map<string, number>();
  addCounts(counted, counts.read(results.slice(0, counts.statements.length)));
  return { eventsOf: eventsIn(counted), held: byKey(results.slice(counts.statements.length).flat()) };
}

async function readHeld(
  database: Database,
  seconds: PropertyWidth,
  buckets: readonly number[],
  rows: readonly BucketRow[],
  counted: ReadonlyMap<string, number>,
): Promise<KnownBuckets> {
  const eventsOf = eventsIn(counted);
  const wanted = buckets.flatMap((bucket) =>
    rows.flatMap((row) => (eventsOf(row, bucket) > 0 ? [{ ...row, bucket }] : [])),
  );
  return { eventsOf, held: byKey(await readPropertyCounts(database, seconds, wanted, true)) };
}

function keysOf(rows: readonly BucketRow[]): number[] {
  return [...new Set(rows.flatMap(({ keys }) => keys))];
}

function eventsIn(counted: ReadonlyMap<string, number>): KnownBuckets["eventsOf"] {
  return ({ keys }, bucket) => keys.reduce((sum, key) => sum + (counted.get(seriesKey(key, bucket)) ?? 0), 0);
}

function byKey(held: readonly HeldCounts[]): Map<string, HeldCounts> {
  return new Map(held.map((own) => [bucketKey(own), own]));
}
