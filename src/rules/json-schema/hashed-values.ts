import { hashOf, isEqual } from "../../model/json/json-equality";
import { WorkMeter } from "../../model/work-meter";

/** A double holds a hash of 32 bits and an index of 20 bits. */
const PLACES = 2 ** 20;

/**
 * Values sorted by their hash. Values chosen to share a bucket would make a Map slow at no charge; here each comparison
 * of equal hashes is charged.
 */
export class HashedValues {
  private readonly values: readonly unknown[];
  private readonly sorted: Float64Array;

  /** @throws TooMuchWork also if there are more values than the meter of an event allows */
  constructor(values: readonly unknown[], meter: WorkMeter) {
    this.values = values;
    // Covers sorting, and the scan of the sorted values.
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

  /** The indexes of two equal values, or null if all differ. */
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

/** A meter without a limit, for the values of a schema, whose size is already limited. */
export function unmetered(): WorkMeter {
  return new WorkMeter(Number.MAX_SAFE_INTEGER);
}
