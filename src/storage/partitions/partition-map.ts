import type { Period } from "../../model/time/calendar";
import type { Micros } from "../../model/time/time";
import type { Partition } from "./partition";

/** All partitions at one revision, in order of time. They never overlap. */
export class PartitionMap {
  readonly partitions: readonly Partition[];

  constructor(
    readonly revision: number,
    partitions: readonly Partition[],
  ) {
    this.partitions = partitions.toSorted((a, b) => a.from - b.from);
  }

  /** The partition that covers a time, or null if none exists for it yet. */
  find(moment: Micros): Partition | null {
    const place = this.placeAfter(moment) - 1;
    const partition = this.partitions[place];
    return partition !== undefined && moment < partition.to ? partition : null;
  }

  /** The partitions that overlap a range, both ends inclusive, in order of time. Null means no limit. */
  overlapping(from: Micros | null, to: Micros | null): Partition[] {
    const end = to === null ? this.partitions.length : this.placeAfter(to);
    const start = from === null ? 0 : Math.max(0, this.placeAfter(from) - 1);
    return this.partitions.slice(start, end).filter((partition) => from === null || partition.to > from);
  }

  /** True if a late lane may have events of a period. No count includes these. */
  hasLate({ start, end }: Period): boolean {
    return this.overlapping(start, end - 1).some(({ late }) => late);
  }

  /** The number of partitions that start at or before the given time. */
  private placeAfter(moment: Micros): number {
    let low = 0;
    let high = this.partitions.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.partitions[middle]?.from ?? 0) <= moment) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
