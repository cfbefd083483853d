import type { Database } from "../core/databases";
import type { Span } from "../counts/count-tables";
import { type BucketCounts, countsIn } from "../counts/counts";
import { NO_PARTITIONS } from "../partitions/partition-records";
import type { StoredProperty } from "./declared-properties";
import type { PropertyBucket } from "./property-store";

/** A dimension key with the properties that its type declares. */
export interface DeclaredSeries {
  series: number;
  application: string;
  category: string;
  name: string;
  properties: readonly StoredProperty[];
}

export async function seriesWithProperties(
  { binding }: Database,
  properties: readonly StoredProperty[],
): Promise<DeclaredSeries[]> {
  const byType = Map.groupBy(properties, typeKey);
  const types = [...byType.values()].flatMap(([first]) => (first === undefined ? [] : [[first.category, first.name]]));
  const { results } = await binding
    .prepare(
      `SELECT series.series_id AS series, series.application AS application, categories.category AS category,
         series.name AS name
       FROM json_each(?1) AS wanted CROSS JOIN categories CROSS JOIN series
       WHERE categories.category = wanted.value ->> 0 AND series.category_id = categories.category_id
         AND series.name = wanted.value ->> 1`,
    )
    .bind(JSON.stringify(types))
    .all<Omit<DeclaredSeries, "properties">>();
  return results.map((row) => ({ ...row, properties: byType.get(typeKey(row)) ?? [] }));
}

/** An event type as one text. */
export function typeKey({ category, name }: { category: string; name: string }): string {
  return `${category}\u0000${name}`;
}

export function bucketKey({ property, series, bucket }: PropertyBucket): string {
  return `${property} ${series} ${bucket}`;
}

export function seriesKey(series: number, bucket: number): string {
  return `${series} ${bucket}`;
}

/** The events of some dimension keys in some hours or days, by `seriesKey`. */
export async function countsOf(
  database: Database,
  series: readonly number[],
  seconds: number,
  buckets: readonly number[],
): Promise<Map<string, number>> {
  const counted = new Map<string, number>();
  // Counts by hour and day need no partition map.
  const source = { database, map: NO_PARTITIONS };
  for await (const found of countsIn(source, { seconds, spans: spansOf(buckets, seconds) }, series)) {
    addCounts(counted, found);
  }
  return counted;
}

/** Adds counts to a map by `seriesKey`. */
export function addCounts(counted: Map<string, number>, found: readonly BucketCounts[]): void {
  for (const { bucket, bySeries } of found) {
    for (const [id, events] of bySeries) counted.set(seriesKey(id, bucket), events);
  }
}

/** The fewest ranges that have just these buckets. */
export function spansOf(buckets: readonly number[], seconds: number): Span[] {
  const spans: [first: number, last: number][] = [];
  for (const bucket of [...buckets].sort((a, b) => a - b)) {
    const last = spans.at(-1);
    if (last !== undefined && bucket <= last[1] + seconds) last[1] = bucket;
    else spans.push([bucket, bucket]);
  }
  return spans;
}
