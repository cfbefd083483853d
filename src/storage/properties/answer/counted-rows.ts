import type { StatsQuestion } from "../../questions/stats-question";
import { sharedProperties } from "../add-up-applications";
import { bucketKey, type DeclaredSeries } from "../declared-series";
import { ALL_APPLICATIONS } from "../property-store";
import { readValueCounts, type StoredCounts } from "../value-counts";
import type { BucketRow, KnownBuckets } from "./read-buckets";

/** A row of counts in each bucket, and the dimension keys whose events it has. */
export interface CountedRow extends BucketRow {
  /** One of them. The question does not tell the others apart from it. */
  of: DeclaredSeries;
}

/** A row for each property of each dimension key. */
export function rowsOf(series: readonly DeclaredSeries[]): CountedRow[] {
  return series.flatMap((of) =>
    of.properties.map(({ property_id: property }) => ({ of, property, series: of.series, keys: [of.series] })),
  );
}

/** With one row for all applications if the question does not tell them apart. */
export function rowsOfAll(series: readonly DeclaredSeries[], { filter, groupBy }: StatsQuestion): CountedRow[] {
  const rows = rowsOf(series);
  if (filter.applications !== null || groupBy.some(({ kind }) => kind === "application")) return rows;
  const shared = sharedProperties(series);
  const added = [...shared].flatMap(([property, keys]): CountedRow[] => {
    const row = rows.find((one) => one.property === property);
    return row === undefined ? [] : [{ ...row, series: ALL_APPLICATIONS, keys }];
  });
  return [...rows.filter(({ property }) => !shared.has(property)), ...added];
}

/** The counts of the rows that have events in a bucket; null if one of them is not counted completely. */
export function wholeRows(
  rows: readonly CountedRow[],
  bucket: number,
  { eventsOf, held }: KnownBuckets,
): { of: DeclaredSeries; counts: StoredCounts }[] | null {
  const found: { of: DeclaredSeries; text: string }[] = [];
  for (const row of rows) {
    const events = eventsOf(row, bucket);
    if (events === 0) continue;
    const own = held.get(bucketKey({ ...row, bucket }));
    if (own === undefined || own.counted < events || own.held === "") return null;
    found.push({ of: row.of, text: own.held });
  }
  return found.map(({ of, text }) => ({ of, counts: readValueCounts(text) }));
}
