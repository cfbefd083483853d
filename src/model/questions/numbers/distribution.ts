import { rankOf } from "./quantile";

/** How often each value occurs, in a form that JSON can store. */
export interface Distribution {
  /** Values with their counts, unordered. */
  counts: [value: number, count: number][];
  /** True if values were rounded to three digits, which changes a quantile by at most 0.5 %. */
  isRounded: boolean;
}

/** If there are more different values, they are rounded. */
export const MAX_EXACT_VALUES = 10_000;

/** Collects values (for example whole milliseconds) in bounded memory. */
export class DistributionTally {
  private counts = new Map<number, number>();
  private isRounded = false;

  add(value: number, count = 1): void {
    const kept = this.isRounded ? roundTo3Digits(value) : value;
    this.counts.set(kept, (this.counts.get(kept) ?? 0) + count);
    if (this.counts.size > MAX_EXACT_VALUES && !this.isRounded) this.round();
  }

  addAll({ counts, isRounded }: Distribution): void {
    if (isRounded && !this.isRounded) this.round();
    for (const [value, count] of counts) this.add(value, count);
  }

  get distribution(): Distribution {
    return { counts: [...this.counts], isRounded: this.isRounded };
  }

  private round(): void {
    const before = this.counts;
    this.isRounded = true;
    this.counts = new Map();
    for (const [value, count] of before) this.add(value, count);
  }
}

export function roundTo3Digits(value: number): number {
  return Number(value.toPrecision(3));
}

/** The number of values, and a function that returns the value at a rank (from 1) in ascending order. */
export function rankedValues({ counts }: Distribution): { size: number; valueAt: (rank: number) => number | null } {
  const sorted = counts.toSorted(([a], [b]) => a - b);
  const size = sorted.reduce((sum, [, count]) => sum + count, 0);
  return {
    size,
    valueAt: (rank) => {
      let passed = 0;
      for (const [value, count] of sorted) {
        passed += count;
        if (passed >= rank) return value;
      }
      return sorted.at(-1)?.[0] ?? null;
    },
  };
}

/**
 * The quantile `q` by nearest rank: the smallest value that at least the share `q` of the values do not exceed. Null
 * without values.
 */
export function quantileOf(distribution: Distribution, q: number): number | null {
  const { size, valueAt } = rankedValues(distribution);
  return size === 0 ? null : valueAt(rankOf(q, size));
}
