import type { Micros } from "../../model/time/time";
import { DAY_MICROS } from "../../model/time/units";
import { type Database, firstDatabase } from "../../storage/core/databases";
import { copiesAwaitedSince } from "../../storage/erasures/awaiting-erasures";
import { type ErasedRemainder, partitionOfTable, readRemainders } from "../../storage/erasures/scrub/erased-remainders";
import { earliestEnd } from "../../storage/partitions/end-early";
import { cutPartition, loadPartitionMap, NO_PARTITIONS } from "../../storage/partitions/partition-records";

/** A partition that is still written is ended for an erasure only after so long, so that there are not too many. */
const MIN_WIDTH: Micros = DAY_MICROS;

/**
 * The tables of partitions that may hold copies and were recorded up to a time. Copies among the errors are left out: their table
 * has no end.
 *
 * @throws what D1 throws
 */
export async function copiesUntil(databases: readonly Database[], since: Micros): Promise<ErasedRemainder[]> {
  const remainders = (await Promise.all(databases.map(readRemainders))).flat();
  return remainders.filter(({ table, firstAt }) => firstAt <= since && partitionOfTable(table) !== null);
}

/**
 * The tables whose copies thorough erasures wait for: their partitions leave the databases without their hot window.
 *
 * @throws what D1 throws
 */
export async function awaitedCopies(databases: readonly Database[]): Promise<ErasedRemainder[]> {
  const since = await copiesAwaitedSince(firstDatabase(databases));
  return since === null ? [] : copiesUntil(databases, since);
}

/**
 * Ends the present partition early if it may hold such copies, once it has lasted a day: a quiet service has partitions of four
 * weeks.
 *
 * @throws what D1 throws. Harmless when repeated.
 */
export async function endPresentPartition(
  { databases, futureToleranceMicros }: { databases: readonly Database[]; futureToleranceMicros: number },
  copies: readonly ErasedRemainder[],
  now: Micros,
): Promise<void> {
  const first = firstDatabase(databases);
  const present = (await loadPartitionMap(first, NO_PARTITIONS)).find(now);
  if (present === null || present.state !== "open") return;
  if (!copies.some(({ table }) => partitionOfTable(table)?.id === present.id)) return;
  const end = Math.max(earliestEnd(now, futureToleranceMicros), present.from + MIN_WIDTH);
  if (end < present.to) await cutPartition(first, present, end);
}
