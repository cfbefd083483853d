import type { Database } from "../core/databases";
import { countsIn } from "../counts/counts";
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

function typeKey({ category, name }: { category: string; name: string }): string {
  return `${category}\u0000${name}`;
}

export function bucketKey({ property, series, bucket }: PropertyBucket): string {
  return `${property} ${series} ${bucket}`;
}

/** The events of some dimension keys in some hours or days, by `series bucket`. */
export async function countsOf(
  database: Database,
  series: readonly number[],
  seconds: number,
  buckets: readonly number[],
): Promise<Map<string, number>> {
  const spans = [...buckets].sort((a, b) => a - b).map((bucket) => [bucket, bucket] as const);
  const counted = new Map<string, number>();
  // Counts by hour and day need no partition map.
  for await (const found of countsIn({ database, map: NO_PARTITIONS }, { seconds, spans }, series)) {
    for (const { bucket, bySeries } of found) {
      for (const [id, events] of bySeries) counted.set(`${id} ${bucket}`, events);
    }
  }
  return counted;
}
