import { type SQL, sql } from "drizzle-orm";
import type { Micros } from "../../model/time/time";
import { HOUR_SECONDS } from "../../model/time/units";
import type { Database } from "../core/databases";
import { readBatch } from "../core/reader";
import { jsonList, type SeriesFilter } from "../counts/series";
import { wantedSeries } from "../events/wanted-series";
import { withPartitions } from "../partitions/known-partitions";
import { mainLane } from "../partitions/partition";
import type { PartitionMap } from "../partitions/partition-map";
import { boundsOf, type EventRange, integer } from "../scan/event-order";
import { everyPage } from "../scan/scan-terms";

/** Hours with events that one plan reads. */
const MAX_HOURS = 2_000;

interface Bucket {
  /** Its start, in seconds since 1970. */
  start: number;
  events: number;
}

/**
 * Where an export should end to have at most `limit` events: at the end of a minute, by the exact counts. It is
 * known before the first event is read, so that a response header can say where the next export starts.
 *
 * @returns the start of the next export, or null if the counts do not exceed the limit
 * @throws DrizzleQueryError
 */
export function plannedEnd(
  databases: readonly Database[],
  filter: SeriesFilter,
  range: EventRange,
  limit: number,
): Promise<Micros | null> {
  return withPartitions(databases, async (map) => {
    const { low, high } = boundsOf(range);
    const [from, to] = [secondsOf(low), secondsOf(high)];
    const events = new Map(
      await Promise.all(databases.map(async (database) => [database, await countedBy(database, filter)] as const)),
    );
    const hourOfStart = from - (from % HOUR_SECONDS);
    // Events of the first hour that are before the range count too, so the plan may end slightly early.
    const hours = await sumBuckets(databases, events, (sum) => [
      sql`SELECT c.bucket AS start, ${sum} AS events FROM ${everyPage()} AS pages CROSS JOIN counts AS c
        WHERE c.seconds = ${integer(HOUR_SECONDS)} AND c.page = pages.page
          AND c.bucket BETWEEN ${integer(hourOfStart)} AND ${integer(to)}
        GROUP BY c.bucket ORDER BY c.bucket LIMIT ${integer(MAX_HOURS)}`,
    ]);
    const [first] = hours;
    if (first === undefined) return null;
    let passed = 0;
    for (const { start, events: count } of hours) {
      const isFirst = start === hourOfStart;
      if (!isFirst && passed + count <= limit) {
        passed += count;
        continue;
      }
      // The first hour may already be partly exported, so its minutes are counted from the cursor on.
      const minutes = await minutesOf(
        databases,
        events,
        map,
        Math.max(start, from - (from % 60)),
        start + HOUR_SECONDS,
      );
      if (minutes.length === 0) {
        if (passed + count > limit) return passed === 0 ? null : momentWithin(start, low, high);
        passed += count;
        continue;
      }
      for (const minute of minutes) {
        if (passed > 0 && passed + minute.events > limit) return momentWithin(minute.start, low, high);
        passed += minute.events;
        // A single minute exceeds the limit, so the export ends within it, at a point that counts cannot give.
        if (passed > limit) return null;
      }
    }
    return null;
  });
}

function secondsOf(moment: Micros): number {
  return Math.floor(moment / 1_000_000);
}

function momentWithin(seconds: number, low: Micros, high: Micros): Micros | null {
  const moment = seconds * 1_000_000;
  return moment > low && moment <= high ? moment : null;
}

/** SQL for the events in a row `c` of counts that match a filter; null if a database has none. */
async function countedBy(database: Database, filter: SeriesFilter): Promise<SQL | null> {
  const { category, name, applications } = filter;
  if (category === null && name === null && applications === null) return sql`sum(c.events)`;
  const { ids } = await wantedSeries(database, filter);
  if (ids.length === 0) return null;
  return sql`sum((SELECT sum(value) FROM json_each(c.by_series) WHERE CAST(key AS INTEGER) IN ${jsonList([...ids])}))`;
}

/** The minutes of a range, from the partitions that have them. */
function minutesOf(
  databases: readonly Database[],
  events: ReadonlyMap<Database, SQL | null>,
  map: PartitionMap,
  from: number,
  to: number,
): Promise<Bucket[]> {
  const partitions = map.overlapping(from * 1_000_000, to * 1_000_000 - 1);
  return sumBuckets(databases, events, (sum, { index }) =>
    partitions
      .filter((partition) => partition.databases.includes(index))
      .flatMap((partition) => {
        const main = mainLane(partition, { index });
        return main === null ? [] : [main];
      })
      .map(
        ({ suffix }) => sql`SELECT c.minute AS start, ${sum} AS events
          FROM ${everyPage()} AS pages CROSS JOIN ${sql.raw(`minutes_${suffix}`)} AS c
          WHERE c.page = pages.page AND c.minute >= ${integer(from)} AND c.minute < ${integer(to)}
          GROUP BY c.minute`,
      ),
  );
}

/** The sums over all databases, in order of time, without empty ones. */
async function sumBuckets(
  databases: readonly Database[],
  events: ReadonlyMap<Database, SQL | null>,
  statementsOf: (sum: SQL, database: Database) => SQL[],
): Promise<Bucket[]> {
  const sums = new Map<number, number>();
  const found = await Promise.all(
    databases.map((database) => {
      const sum = events.get(database) ?? null;
      return sum === null ? [] : readBatch<Bucket>(database, statementsOf(sum, database));
    }),
  );
  for (const { start, events: count } of found.flat(2)) {
    if (count > 0) sums.set(start, (sums.get(start) ?? 0) + count);
  }
  return [...sums].map(([start, count]) => ({ start, events: count })).sort((a, b) => a.start - b.start);
}
