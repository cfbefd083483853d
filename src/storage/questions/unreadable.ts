import type { Period } from "../../model/time/calendar";
import { isLate, lanesToRead } from "../partitions/partition";
import type { PartitionMap } from "../partitions/partition-map";

/** The parts of some periods whose events are no longer in the databases, except late ones. */
export function unreadableIn(map: PartitionMap, periods: readonly Period[]): Period[] {
  return periods.flatMap(({ start, end }) =>
    map
      .overlapping(start, end - 1)
      .filter((partition) => partition.ready && lanesToRead(partition).every(isLate))
      .map(({ from, to }) => ({ start: Math.max(start, from), end: Math.min(end, to) })),
  );
}
