import type { Micros } from "../../model/time/time";
import { DAY_MICROS } from "../../model/time/units";
import { type Database, firstDatabase } from "../core/databases";
import { loadPartitionMap, NO_PARTITIONS } from "../partitions/partition-records";
import { readStorageSettings } from "./storage-settings";
import { daysLeftOf } from "./storage-state";

/** What alerts watch of the storage. Everything here throws what D1 throws. */

/** The days until the first of the databases is full, at the rate of its last day; null: nothing is added to any. */
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

/** Events by their exact counts of hours: a row read for each hour and 256 series. */
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
 * How long ago the oldest partition that is still in the databases should have left them; 0: none should have.
 *
 * @param hotMicros in place of the hot window of the settings
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
