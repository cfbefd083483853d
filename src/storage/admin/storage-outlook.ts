import type { Micros } from "../../model/time/time";
import { DAY_MICROS } from "../../model/time/units";
import { type Database, firstDatabase } from "../core/databases";
import { loadPartitionMap, NO_PARTITIONS } from "../partitions/partition-records";
import { readStorageSettings } from "./storage-settings";
import { daysLeftOf } from "./storage-state";

/** The state of the storage that alerts watch. All functions here throw what D1 throws. */

/** The days until the first database is full at the rate of its last day; null if nothing is added to any. */
export async function leastDaysLeft(databases: readonly Database[], now: Micros): Promise<number | null> {
  const map = await loadPartitionMap(firstDatabase(databases), NO_PARTITIONS);
  const hot = map.partitions.filter(({ state, from }) => (state === "open" || state === "sealed") && from <= now);
  const days = await Promise.all(
    databases.map(async (database) => {
      const held = hot.filter((partition) => partition.databases.includes(database.index));
      return daysLeftOf(database, await eventsIn(database, held), now);
    }),
  );
  const known = days.flatMap((one) => one ?? []);
  return known.length === 0 ? null : Math.min(...known);
}

/** The events of some ranges, from the exact counts by hour: reads a row for each hour and 256 dimension keys. */
async function eventsIn({ binding }: Database, ranges: readonly { from: Micros; to: Micros }[]): Promise<number> {
  const seconds = ranges.map(({ from, to }) => [Math.floor(from / 1_000_000), Math.ceil(to / 1_000_000) - 1]);
  const sum = await binding
    .prepare(
      `SELECT coalesce(sum(counts.events), 0) AS events
       FROM (SELECT DISTINCT series_id / 256 AS page FROM series) AS pages
       CROSS JOIN json_each(?1) AS ranges CROSS JOIN counts
       WHERE counts.seconds = 3600 AND counts.page = pages.page
         AND counts.bucket BETWEEN ranges.value ->> 0 AND ranges.value ->> 1`,
    )
    .bind(JSON.stringify(seconds))
    .first<number>("events");
  return sum ?? 0;
}

/**
 * The longest time by which a partition in the databases is overdue for the archive; 0 if none is.
 *
 * @param hotMicros replaces the hot window of the settings if not null
 */
export async function archiveDelay(
  databases: readonly Database[],
  { hotMicros, now }: { hotMicros: Micros | null; now: Micros },
): Promise<Micros> {
  const first = firstDatabase(databases);
  const { settings } = await readStorageSettings(first);
  const window = hotMicros ?? settings.hot_days * DAY_MICROS;
  const { results } = await first.binding
    .prepare(
      `SELECT max(to_us, created_at) + ?1 AS due FROM partitions
       WHERE state IN ('open', 'sealed') AND to_us <= ?2 ORDER BY due LIMIT 1`,
    )
    .bind(window, now)
    .all<{ due: Micros }>();
  return Math.max(0, now - (results[0]?.due ?? now));
}
