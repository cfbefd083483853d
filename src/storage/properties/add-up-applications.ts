import { HOUR_SECONDS } from "../../model/time/units";
import type { Database } from "../core/databases";
import { groupsOf } from "../core/groups-of";
import type { DeclaredSeries } from "./declared-series";
import { ALL_APPLICATIONS, type PropertyWidth, readPropertyCounts, writeAddedUp } from "./property-store";
import { addCounts, fitsInRow, noValues, PARTS_OF_HOUR, readValueCounts, writeValueCounts } from "./value-counts";

/** Rows that are held at a time: see property-store.ts. */
const ROWS_AT_ONCE = 96;

/** The properties that several applications have, each with their dimension keys. */
export function sharedProperties(declared: readonly DeclaredSeries[]): Map<number, number[]> {
  const keys = new Map<number, number[]>();
  for (const { series, properties } of declared) {
    for (const { property_id: property } of properties) keys.set(property, [...(keys.get(property) ?? []), series]);
  }
  return new Map([...keys].filter(([, own]) => own.length > 1));
}

/**
 * Adds up the counts of a property's values over all applications: a question that does not tell these apart then reads
 * one row for each hour or day. If they have too many values for a row, the row stays empty.
 *
 * @param buckets their starts in seconds since 1970
 * @returns the number of rows written
 */
export async function addUpApplications(
  database: Database,
  declared: readonly DeclaredSeries[],
  seconds: PropertyWidth,
  buckets: readonly number[],
): Promise<number> {
  let written = 0;
  for (const bucket of buckets) {
    for (const [property, keys] of sharedProperties(declared)) {
      const sums = noValues(seconds === HOUR_SECONDS ? PARTS_OF_HOUR : 1);
      let counted = 0;
      for (const some of groupsOf(keys, ROWS_AT_ONCE)) {
        const wanted = some.map((series) => ({ property, series, bucket }));
        for (const row of await readPropertyCounts(database, seconds, wanted, true)) {
          // What was erased from an hour stays in its counts until they are computed again.
          if (row.counted === 0) continue;
          counted += row.counted;
          if (fitsInRow(sums)) addCounts(sums, readValueCounts(row.held));
        }
      }
      if (counted === 0) continue;
      const held = fitsInRow(sums) ? writeValueCounts(sums) : "";
      written += await writeAddedUp(database, seconds, { property, bucket, counted, held }, keys);
    }
  }
  return written;
}

/** The hours whose counts of all applications are not the sum of theirs. @param counted of an hour, by `bucketKey` */
export function hoursToAddUp(
  declared: readonly DeclaredSeries[],
  hours: readonly number[],
  counted: (property: number, series: number, hour: number) => number,
): number[] {
  const shared = [...sharedProperties(declared)];
  return hours.filter((hour) =>
    shared.some(([property, keys]) => {
      const sum = keys.reduce((total, series) => total + counted(property, series, hour), 0);
      return sum !== counted(property, ALL_APPLICATIONS, hour);
    }),
  );
}
