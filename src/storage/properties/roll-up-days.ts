import { DAY_SECONDS, HOUR_SECONDS } from "../../model/time/units";
import type { Database } from "../core/databases";
import { addUpApplications, sharedProperties } from "./add-up-applications";
import { countsOf, type DeclaredSeries } from "./declared-series";
import { type HeldCounts, type PropertyBucket, readPropertyCounts, writePropertyCounts } from "./property-store";
import { addToDay, noValues, readValueCounts, writeValueCounts } from "./value-counts";

const HOURS = DAY_SECONDS / HOUR_SECONDS;

/**
 * Sums the hours of each day whose events are all counted: a year is then 365 rows.
 *
 * @param days their starts in seconds since 1970
 * @returns the number of rows written
 */
export async function rollUpDays(
  database: Database,
  declared: readonly DeclaredSeries[],
  days: readonly number[],
): Promise<number> {
  let written = 0;
  for (const day of days) {
    const counted = await countsOf(
      database,
      declared.map(({ series }) => series),
      DAY_SECONDS,
      [day],
    );
    const changed = new Set<number>();
    for (const { series, properties } of declared) {
      const events = counted.get(`${series} ${day}`) ?? 0;
      if (events === 0) continue;
      const buckets = properties.flatMap(({ property_id: property }) =>
        Array.from(
          { length: HOURS },
          (_, hour): PropertyBucket => ({ property, series, bucket: day + hour * HOUR_SECONDS }),
        ),
      );
      const hours = await readPropertyCounts(database, HOUR_SECONDS, buckets, true);
      const rows = properties.flatMap(({ property_id: property }): HeldCounts[] => {
        const own = hours.filter((hour) => hour.property === property);
        if (own.reduce((sum, hour) => sum + hour.counted, 0) !== events) return [];
        const sums = noValues(1);
        for (const { held } of own) addToDay(sums, readValueCounts(held));
        return [{ property, series, bucket: day, counted: events, held: writeValueCounts(sums) }];
      });
      await writePropertyCounts(database, DAY_SECONDS, rows);
      for (const { property } of rows) changed.add(property);
      written += rows.length;
    }
    const shared = [...sharedProperties(declared)].filter(([property]) => changed.has(property));
    written += await addUpApplications(database, new Map(shared), DAY_SECONDS, day);
  }
  return written;
}
