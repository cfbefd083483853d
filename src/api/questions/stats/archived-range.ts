import { Refusal } from "../../../http/problem";
import type { Micros } from "../../../model/time/time";
import { HOUR_MICROS } from "../../../model/time/units";
import { coldPartitions } from "../../../storage/archive/cold-files";
import type { PartitionMap } from "../../../storage/partitions/partition-map";

/**
 * Refuses a query whose range includes partitions that have left the databases, unless the hourly and daily counts,
 * which are kept permanently, can answer it.
 *
 * @param isCounted whether counts of events can answer it instead of events
 */
export function refuseArchived(map: PartitionMap, bounds: readonly Micros[], isCounted: boolean): Refusal | null {
  if (isCounted && bounds.every((moment) => moment % HOUR_MICROS === 0)) return null;
  const range = { order: "asc", from: bounds[0] ?? 0, to: (bounds.at(-1) ?? 0) - 1, after: null } as const;
  const cold = coldPartitions(map, range);
  if (cold.length === 0) return null;
  const start = new Date(Math.max(...cold.map(({ to }) => to)) / 1_000).toISOString();
  return new Refusal(
    "cold_scan",
    `A part of the range is archived, where only event counts for whole hours are available. Start at ${start}, or query the archive with SQL.`,
  );
}
