import type { Partition } from "../../../src/storage/partitions/partition";
import { HOUR, MORNING } from "../seed";

/** A partition with defaults for everything that a test does not set: a day from MORNING on, in the first database. */
export function partitionOf(changes: Partial<Partition> = {}): Partition {
  return {
    id: 1,
    from: MORNING,
    to: MORNING + 24 * HOUR,
    databases: [0],
    slotMicros: 4_000_000,
    state: "open",
    late: false,
    ready: true,
    common: new Map(),
    ...changes,
  };
}
