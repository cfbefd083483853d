import { type Partition, slotOf } from "../partitions/partition";
import type { Bounds } from "./event-order";

/** The expected rows that one statement reads: some 50 ms of a database. */
export const ROWS_PER_STATEMENT = 20_000;

export interface PieceLimits {
  /** The expected rows of a range. */
  rowsIn: (bounds: Bounds) => number;
  /** The most slots of a piece. */
  mostSlots?: number;
}

/** Splits a range at slots, into pieces that are expected to hold few enough rows for one statement. */
export function piecesOf({ low, high }: Bounds, partition: Partition, limits: PieceLimits): Bounds[] {
  const [first, last] = [slotOf(low, partition), slotOf(high, partition)];
  const { rowsIn, mostSlots = Number.POSITIVE_INFINITY } = limits;
  const isSmall = rowsIn({ low, high }) <= ROWS_PER_STATEMENT && last - first < mostSlots;
  if (isSmall || first === last) return [{ low, high }];
  const middle = Math.ceil((first + last) / 2) * partition.slotMicros;
  return [
    ...piecesOf({ low, high: middle - 1 }, partition, limits),
    ...piecesOf({ low: middle, high }, partition, limits),
  ];
}
