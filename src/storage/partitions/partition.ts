import { createHash } from "node:crypto";
import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";

/** The range of time for which `activity` has one row for a session. Partitions start and end at multiples of it. */
export const WINDOW_MICROS: Micros = 15 * 60 * 1_000_000;
export const WINDOW_SECONDS = 900;

/** The width of slots where the traffic is not known. */
export const DEFAULT_SLOT_MICROS: Micros = 4_000_000;

/** The smallest width of slots: the table `numbers` has rows for the 900 slots that a window then has. */
export const NARROWEST_SLOT_MICROS: Micros = 1_000_000;

export const PARTITION_STATES = ["open", "sealed", "archived", "dropped"] as const;

/**
 * - `open`: written and read.
 * - `sealed`: its tables are renamed and never written again; later events go to its late lane.
 * - `archived`: copied to the archive and verified. `dropped`: its tables no longer exist.
 */
export type PartitionState = (typeof PARTITION_STATES)[number];

/** A range of time with its own tables in the databases that share it. */
export interface Partition {
  id: number;
  /** [from, to). */
  from: Micros;
  to: Micros;
  /** Indexes of the databases over which its sessions are hashed, fixed at its creation. */
  databases: readonly number[];
  slotMicros: Micros;
  state: PartitionState;
  /** True if the tables of its late lane exist. */
  late: boolean;
  /** True if its tables exist in all of its databases. */
  ready: boolean;
  /**
   * While it is being sealed: the indexes of the databases in which its tables are renamed already. Only a reader that
   * has missed a table finds out.
   */
  renamedIn?: ReadonlySet<number>;
  /** Common categories, with the time of receipt from which their events are not in the index of rare ones. */
  common: ReadonlyMap<string, Micros>;
}

/** The tables of a partition in a database: its main lane or its late lane. */
export interface Lane {
  partition: Partition;
  /** The suffix of the tables' names, such as `12` in `events_12`. */
  suffix: string;
}

/**
 * The lane that takes a new event of a partition. Events for a closed range go to its late lane, which the compactor
 * flushes.
 */
export function laneToWrite(partition: Partition): Lane {
  return { partition, suffix: partition.state === "open" ? openSuffix(partition) : lateSuffix(partition) };
}

export function isLate({ partition, suffix }: Lane): boolean {
  return suffix === lateSuffix(partition);
}

/**
 * The lanes that hold events of a partition. If a key is in both, the first one holds the event and the other a copy.
 *
 * @param database a reader names it, since a seal renames the tables in one database after the other
 */
export function lanesToRead(partition: Partition, database?: Pick<Database, "index">): Lane[] {
  if (!partition.ready) return [];
  const isRenamed =
    partition.state === "sealed" || (database !== undefined && partition.renamedIn?.has(database.index) === true);
  const main =
    partition.state === "open" || partition.state === "sealed"
      ? [{ partition, suffix: isRenamed ? sealedSuffix(partition) : openSuffix(partition) }]
      : [];
  return partition.late ? [...main, { partition, suffix: lateSuffix(partition) }] : main;
}

/** The lane with the counts by minute: a late lane has none until it is flushed. Null if it cannot be read. */
export function mainLane(partition: Partition, database: Pick<Database, "index">): Lane | null {
  return lanesToRead(partition, database).find((lane) => !isLate(lane)) ?? null;
}

export function openSuffix({ id }: Pick<Partition, "id">): string {
  return String(id);
}

export function sealedSuffix({ id }: Pick<Partition, "id">): string {
  return `${id}s`;
}

export function lateSuffix({ id }: Pick<Partition, "id">): string {
  return `${id}l`;
}

export function slotOf(moment: Micros, { slotMicros }: Pick<Partition, "slotMicros">): number {
  return Math.floor(moment / slotMicros);
}

export function windowOf(moment: Micros): number {
  return Math.floor(moment / WINDOW_MICROS);
}

export function slotsPerWindow({ slotMicros }: Pick<Partition, "slotMicros">): number {
  return WINDOW_MICROS / slotMicros;
}

/**
 * The database of a partition that holds a session's events. It depends on the session and the partition alone,
 * whatever databases were added since.
 *
 * @param session the session's id; for an error without one, the error's id
 */
export function databaseOf({ databases }: Pick<Partition, "databases">, session: string): number {
  const [only = 0] = databases;
  if (databases.length === 1) return only;
  const hash = createHash("sha256").update(session).digest().readUInt32BE(0);
  return databases[hash % databases.length] ?? only;
}

/** True if an event of this category and receipt is in the partition's index of rare categories. */
export function isRare({ common }: Pick<Partition, "common">, category: string, receivedAt: Micros): boolean {
  const since = common.get(category);
  return since === undefined || receivedAt < since;
}
