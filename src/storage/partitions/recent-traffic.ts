import type { Micros } from "../../model/time/time";
import { HOUR_SECONDS, minuteOf } from "../../model/time/units";
import type { Database } from "../core/databases";
import { eventsOfLastDay } from "../counts/events-by-hour";
import { databasesWithRoom } from "./database-room";
import { mainLane } from "./partition";
import type { PartitionMap } from "./partition-map";
import type { RecentTraffic } from "./partition-plan";

/** The last minutes: long enough that a burst of some seconds does not count. The present minute is left out. */
const LAST_MINUTES = 10;
const LAST_SECONDS = LAST_MINUTES * 60;

/**
 * The databases that would share a partition that is created now, and their traffic, from which it is planned.
 *
 * @throws what D1 throws
 */
export async function trafficOfNext(
  databases: readonly Database[],
  map: PartitionMap,
  now: Micros,
): Promise<{ shared: Database[]; traffic: RecentTraffic }> {
  const shared = await databasesWithRoom(databases, now);
  return { shared, traffic: await recentTraffic(shared, map, now) };
}

/**
 * The recent traffic of some databases, by the time of occurrence: imports of old events do not count.
 *
 * @throws what D1 throws
 */
export async function recentTraffic(
  databases: readonly Database[],
  map: PartitionMap,
  now: Micros,
): Promise<RecentTraffic> {
  const [days, last] = await Promise.all([
    Promise.all(databases.map((database) => eventsOfLastDay(database, now))),
    eventsPerSecond(databases, map, now),
  ]);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  // Sessions are hashed over the databases, so these are busy in the same hours.
  const inBusiestHour = sum(days.map(({ busiest }) => busiest)) / HOUR_SECONDS;
  return {
    events: sum(days.map(({ events }) => events)),
    perSecond: Math.max(inBusiestHour, last),
    databases: databases.length,
  };
}

/**
 * Events a second in the last minutes, in all of these databases together. Reads a row for each minute and 256 dimension
 * keys.
 *
 * @throws what D1 throws
 */
export async function eventsPerSecond(databases: readonly Database[], map: PartitionMap, now: Micros): Promise<number> {
  const end = minuteOf(now);
  const lanes = map.overlapping((end - LAST_SECONDS) * 1_000_000, end * 1_000_000 - 1).flatMap((partition) =>
    databases.flatMap((database) => {
      const lane = partition.databases.includes(database.index) ? mainLane(partition, database) : null;
      return lane === null ? [] : [{ binding: database.binding, suffix: lane.suffix }];
    }),
  );
  const counted = await Promise.all(
    lanes.map(({ binding, suffix }) =>
      binding
        .prepare(
          `SELECT coalesce(sum(held.events), 0) AS events
           FROM (SELECT DISTINCT series_id / 256 AS page FROM series) AS pages CROSS JOIN minutes_${suffix} AS held
           WHERE held.page = pages.page AND held.minute >= ?1 AND held.minute < ?2`,
        )
        .bind(end - LAST_SECONDS, end)
        .first<number>("events"),
    ),
  );
  return counted.reduce<number>((total, events) => total + (events ?? 0), 0) / LAST_SECONDS;
}
