import { sql } from "drizzle-orm";
import type { Database } from "../core/databases";
import { readBatch, readerOf } from "../core/reader";
import type { Span } from "../counts/count-tables";
import { countsIn, totalsIn } from "../counts/counts";
import { matchingSeriesIds, OTHER, seriesOf } from "../counts/series";
import { WINDOW_SECONDS } from "../partitions/partition";
import type { PartitionMap } from "../partitions/partition-map";
import { integer } from "../scan/event-order";
import { everyPage } from "../scan/scan-terms";
import { ALL_APPLICATIONS } from "./count-windows";

/** What the counts of events say about the buckets of counts of sessions. */

/** Events by application and window (its start in seconds since 1970). */
export type WindowTotals = Map<string, Map<number, number>>;

/** The events of each window in a range, from the counts by minute. */
export async function windowTotals(
  databases: readonly Database[],
  map: PartitionMap,
  [first, end]: Span,
): Promise<WindowTotals> {
  const totals: WindowTotals = new Map([[ALL_APPLICATIONS, new Map()]]);
  const range = { seconds: 60, first, last: end - 60 };
  for (const database of databases) {
    for await (const found of countsIn({ database, map }, range, null)) {
      const ids = found.flatMap(({ bySeries }) => bySeries.map(([id]) => id));
      const series = await seriesOf(database, readerOf(database), ids);
      for (const { bucket, bySeries } of found) {
        const window = bucket - (bucket % WINDOW_SECONDS);
        for (const [id, events] of bySeries) {
          add(totals, series.get(id)?.application ?? OTHER, window, events);
          add(totals, ALL_APPLICATIONS, window, events);
        }
      }
    }
  }
  return totals;
}

function add(totals: WindowTotals, application: string, window: number, events: number): void {
  const own = totals.get(application) ?? new Map<number, number>();
  totals.set(application, own);
  own.set(window, (own.get(window) ?? 0) + events);
}

/** The events of each hour or day in some spans, of all applications or of one. */
export async function bucketTotals(
  databases: readonly Database[],
  map: PartitionMap,
  { application, seconds, spans }: { application: string; seconds: number; spans: readonly Span[] },
): Promise<Map<number, number>> {
  const totals = new Map<number, number>();
  const addTo = (bucket: number, events: number) => totals.set(bucket, (totals.get(bucket) ?? 0) + events);
  await Promise.all(
    databases.map(async (database) => {
      const source = { database, map };
      if (application === ALL_APPLICATIONS) {
        for (const [bucket, events] of await totalsIn(source, { seconds, spans })) addTo(bucket, events);
        return;
      }
      const filter = { applications: [application], category: null, name: null };
      const wanted = await matchingSeriesIds(readerOf(database), filter);
      for await (const found of countsIn(source, { seconds, spans }, wanted)) {
        for (const { bucket, bySeries } of found) for (const [, events] of bySeries) addTo(bucket, events);
      }
    }),
  );
  return totals;
}

/** The newest hours before a time in which a database has events, newest first. */
export async function newestHoursOf(databases: readonly Database[], before: number, most: number): Promise<number[]> {
  const statement = sql`
    SELECT (
      SELECT json_group_array(bucket) FROM (
        SELECT bucket FROM counts WHERE seconds = 3600 AND page = pages.page AND bucket < ${integer(before)}
        ORDER BY bucket DESC LIMIT ${integer(most)}
      )
    ) AS hours FROM ${everyPage()} AS pages`;
  const found = await Promise.all(databases.map((database) => readBatch<{ hours: string }>(database, [statement])));
  const hours = found.flat(2).flatMap((row): number[] => JSON.parse(row.hours));
  return [...new Set(hours)].sort((a, b) => b - a).slice(0, most);
}

/** Ascending numbers as ranges of adjacent ones. */
export function adjacentSpans(buckets: Iterable<number>, seconds: number): Span[] {
  const spans: [number, number][] = [];
  for (const bucket of [...new Set(buckets)].sort((a, b) => a - b)) {
    const last = spans.at(-1);
    if (last !== undefined && last[1] + seconds === bucket) last[1] = bucket;
    else spans.push([bucket, bucket]);
  }
  return spans;
}
