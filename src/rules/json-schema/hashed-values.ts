import { hashOf, isEqual } from "../../model/json/json-equality";
import { WorkMeter } from "../../model/work-meter";

/** A hash and a place in one double: 32 bits and 20. */
const PLACES = 2 ** 20;

/**
 * Values sorted by their hash. Sorted, and not a Map: values chosen to share a bucket would make a Map slow without any
 * charge, while here each comparison of equal hashes is charged.
 */
export class HashedValues {
  private readonly values: readonly unknown[];
  private readonly sorted: Float64Array;

  /** @throws TooMuchWork also for more values than any meter of an event allows */
  constructor(values: readonly unknown[], meter: WorkMeter) {
    this.values = values;
    // For sorting them, and for looking through the sorted.
    meter.charge(3 * values.length);
    this.sorted = new Float64Array(values.length);
    for (let place = 0; place < values.length; place++) {
      this.sorted[place] = hashOf(values[place], meter) * PLACES + place;
    }
    this.sorted.sort();
  }

  has(value: unknown, meter: WorkMeter): boolean {
    const hash = hashOf(value, meter);
    meter.charge(1);
    for (let i = this.firstNotBelow(hash * PLACES); i < this.sorted.length; i++) {
      const entry = this.sorted[i] ?? 0;
      if (Math.floor(entry / PLACES) !== hash) return false;
      if (isEqual(this.values[entry % PLACES], value, meter)) return true;
    }
    return false;
  }

  /** The places of two equal values, or null if all differ. */
  findTwins(meter: WorkMeter): [number, number] | null {
    for (let i = 1; i < this.sorted.length; i++) {
      const entry = this.sorted[i] ?? 0;
      const hash = Math.floor(entry / PLACES);
      for (let j = i - 1; j >= 0; j--) {
        const other = this.sorted[j] ?? 0;
        if (Math.floor(other / PLACES) !== hash) break;
        if (isEqual(this.values[entry % PLACES], this.values[other % PLACES], meter)) {
          return [other % PLACES, entry % PLACES];
        }
      }
    }
    return null;
  }

  private firstNotBelow(bound: number): number {
    let low = 0;
    let high = this.sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.sorted[middle] ?? 0) < bound) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** For what belongs to a schema, whose size is bounded by itself. */
export function unmetered(): WorkMeter {
  return new WorkMeter(Number.MAX_SAFE_INTEGER);
}
