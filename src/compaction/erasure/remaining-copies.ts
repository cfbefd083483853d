import type { Micros } from "../../model/time/time";
import { MINUTE_MICROS } from "../../model/time/units";
import { type Database, firstDatabase } from "../../storage/core/databases";
import type { Erasure } from "../../storage/erasures/erasure-records";
import { type ErasedRemainder, partitionOfTable, readRemainders } from "../../storage/erasures/scrub/erased-remainders";
import type { PartitionMap } from "../../storage/partitions/partition-map";
import { loadPartitionMap, NO_PARTITIONS } from "../../storage/partitions/partition-records";
import type { CompactionSettings } from "../compaction-settings";
import { creations, dropTime, hurriedHotMicros } from "../partition-dates";
import { awaitsCopiesSince } from "./erasure-state";
import { CHECK_MICROS } from "./finish-remainders";

/** Where copies of what an erasure has erased may remain. */
export interface RemainingCopies {
  /** The ids of the partitions, in their order. */
  partitions: number[];
  /** True if copies may remain among the errors. */
  errors: boolean;
  /** When the last of the partitions is dropped; null if nothing drops one of them, or for errors. */
  until: Micros | null;
}

/** What the dates of partitions depend on. */
export interface DropDates {
  map: PartitionMap;
  /** When partitions that still have tables were created. */
  made: ReadonlyMap<number, Micros>;
  settings: CompactionSettings;
  hasArchive: boolean;
}

/** The clocks of two consumers differ by less. */
const CLOCK_MARGIN: Micros = MINUTE_MICROS;

/** Returns what an erasure says about the copies that it may have left; null if there are none. */
export type CopiesOf = (erasure: CopyingErasure) => RemainingCopies | null;

type CopyingErasure = Pick<Erasure, "before" | "status" | "updatedAt" | "state" | "thorough">;

/**
 * Reads where copies of erased rows may remain. No record says of which erasure they are: an erasure may have left those that
 * were recorded between its request and its end. A thorough one waits for all that were recorded before, and leaves none but
 * those among the errors.
 *
 * @param readSettings called only if there are any
 * @throws what D1 throws
 */
export async function readCopies(
  databases: readonly Database[],
  { readSettings, hasArchive }: { readSettings: () => Promise<CompactionSettings>; hasArchive: boolean },
): Promise<CopiesOf> {
  const remainders = (await Promise.all(databases.map(readRemainders))).flat();
  if (remainders.length === 0) return () => null;
  const first = firstDatabase(databases);
  const [map, made, settings] = await Promise.all([
    loadPartitionMap(first, NO_PARTITIONS),
    creations(first),
    readSettings(),
  ]);
  const dates = { map, made, settings, hasArchive };
  // Their partitions leave the databases as soon as they are over.
  const hurried = { ...dates, settings: { ...settings, hotMicros: hurriedHotMicros(settings) } };
  return (erasure) => {
    const own = remainders.filter((remainder) => isOf(erasure, remainder));
    return copiesIn(own, erasure.thorough === 1 ? hurried : dates);
  };
}

function isOf(erasure: CopyingErasure, { table, firstAt, lastAt }: ErasedRemainder): boolean {
  const { before, status, updatedAt, thorough } = erasure;
  const end = status === "done" ? updatedAt : (awaitsCopiesSince(erasure) ?? Number.MAX_SAFE_INTEGER);
  if (thorough === 1 && partitionOfTable(table) !== null) return status === "running" && firstAt <= end;
  return lastAt >= before - CLOCK_MARGIN && firstAt <= end + CLOCK_MARGIN;
}

/** Sums up tables that may hold copies; null if there are none. */
export function copiesIn(remainders: readonly ErasedRemainder[], dates: DropDates): RemainingCopies | null {
  if (remainders.length === 0) return null;
  const times = remainders.map((remainder) => endOf(remainder, dates));
  const ids = remainders.flatMap(({ table }) => partitionOfTable(table)?.id ?? []);
  return {
    partitions: [...new Set(ids)].sort((a, b) => a - b),
    errors: remainders.some(({ table }) => partitionOfTable(table) === null),
    until: times.reduce((latest, time) => (latest === null || time === null ? null : Math.max(latest, time)), 0),
  };
}

function endOf({ table, lastAt }: ErasedRemainder, { map, made, settings, hasArchive }: DropDates): Micros | null {
  const found = partitionOfTable(table);
  const partition = map.partitions.find(({ id }) => id === found?.id);
  if (found === null || partition === undefined) return null;
  const dropped = dropTime(partition, made.get(partition.id), settings, hasArchive);
  // A late lane is emptied at intervals, once the partition is dropped.
  if (!found.isLate || !hasArchive || dropped === null) return dropped;
  return Math.max(dropped, lastAt) + settings.lateMicros + CHECK_MICROS;
}
