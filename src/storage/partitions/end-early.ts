import type { Micros } from "../../model/time/time";
import { HOUR_MICROS } from "../../model/time/units";
import { type Database, firstDatabase } from "../core/databases";
import { eventsOfHours } from "../counts/events-by-hour";
import { MAX_BYTES_UNDER_WAY, probeDatabase } from "./database-room";
import { type Partition, WINDOW_MICROS } from "./partition";
import type { PartitionMap } from "./partition-map";
import { hasOutgrownSlots, MAX_PLANNED_EVENTS, plannedSlot } from "./partition-plan";
import { cutPartition } from "./partition-records";
import { MAP_LEAD_MICROS, type PartitionStore } from "./partition-store";
import { eventsPerSecond, trafficOfNext } from "./recent-traffic";

/** A partition is ended early if it has this many times the planned events. */
const MAX_OVERSHOOT = 2;

/** What the cron needs to maintain partitions. */
export interface Maintenance {
  databases: readonly Database[];
  partitions: PartitionStore;
  /** How far an event's timestamp may be after its receipt. */
  futureToleranceMicros: number;
  log: (line: Record<string, unknown>) => void;
}

/** The least width of a partition that is ended because of its slots: that of the shortest regular ones. */
const LEAST_WIDTH_MICROS = HOUR_MICROS;

/** The earliest new end of the current partition: no consumer can have stored an event after it, whatever map it uses. */
export function earliestEnd(now: Micros, futureToleranceMicros: Micros): Micros {
  const ahead = now + futureToleranceMicros + 2 * MAP_LEAD_MICROS;
  return Math.ceil(ahead / WINDOW_MICROS) * WINDOW_MICROS;
}

/**
 * Ends the current partition early, so that later events go to a new one that leaves out a full database, or has
 * narrower slots.
 *
 * @param map the current one
 * @throws what D1 throws
 */
export async function endEarly(
  maintenance: Maintenance,
  map: PartitionMap,
  partition: Partition,
  now: Micros,
): Promise<void> {
  const { databases, partitions, futureToleranceMicros, log } = maintenance;
  const end = earliestEnd(now, futureToleranceMicros);
  if (end >= partition.to) return;
  const cut = async (why: { database?: number; reason: string }) => {
    await cutPartition(firstDatabase(databases), partition, end);
    log({ log: "partition_cut", partition: partition.id, ...why });
  };
  for (const database of boundDatabases(databases, partition)) {
    const reason = await reasonToCut(database, partition, now);
    if (reason !== null) return cut({ database: database.index, reason });
  }
  if (end - partition.from < LEAST_WIDTH_MICROS) return;
  const reason = await reasonForNarrowerSlots(databases, map, partition, now);
  if (reason === null) return;
  await cut({ reason });
  // At once, while the traffic is what it was cut for.
  await partitions.latest();
  await partitions.covering([end]);
}

/**
 * Says why a partition should be ended for its slots, or null. Only if the next one gets narrower slots: so a regular
 * partition is divided at most once for each narrower width, however its traffic changes.
 */
async function reasonForNarrowerSlots(
  databases: readonly Database[],
  map: PartitionMap,
  partition: Partition,
  now: Micros,
): Promise<string | null> {
  const perSecond = await eventsPerSecond(boundDatabases(databases, partition), map, now);
  if (!hasOutgrownSlots(partition, perSecond)) return null;
  const { shared, traffic } = await trafficOfNext(databases, map, now);
  const slotMicros = plannedSlot(traffic);
  if (shared.length === 0 || slotMicros >= partition.slotMicros) return null;
  const [before, after] = [partition.slotMicros, slotMicros].map((micros) => micros / 1_000_000);
  return `${perSecond.toFixed(1)} events a second need slots of ${after} s, not ${before} s`;
}

async function reasonToCut(database: Database, partition: Partition, now: Micros): Promise<string | null> {
  const room = await probeDatabase(database, now);
  if (!room.writable) return room.reason;
  if (room.bytes >= MAX_BYTES_UNDER_WAY) return `the database has ${room.bytes} bytes`;
  const { events } = await eventsOfHours(database, [
    Math.floor(partition.from / 1_000_000),
    Math.ceil(now / 1_000_000),
  ]);
  const most = MAX_PLANNED_EVENTS * MAX_OVERSHOOT;
  return events > most ? `the partition has ${events} events` : null;
}

/** The databases that share a partition, without any that is no longer bound. */
export function boundDatabases(databases: readonly Database[], partition: Partition): Database[] {
  return databases.filter(({ index }) => partition.databases.includes(index));
}
