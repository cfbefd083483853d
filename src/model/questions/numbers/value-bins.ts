/**
 * Counts numbers in bounded memory, to find those at some ranks. Numbers are kept exactly while few of them are different.
 * Beyond that, a bin has all numbers that differ in low bits alone, so the middle of a bin is close to each of them. A
 * further pass over the same numbers can look into a single bin.
 */

/** In a form that JSON can store. */
export interface ValueCounts {
  /** How many low bits of a number, as IEEE 754 binary64, a bin ignores; 0: each bin is one number. */
  dropped: number;
  /** The number of a bin that is closest to zero, and how many numbers the bin has; unordered. */
  counts: [bin: number, count: number][];
  /** The bin that this pass looks into. Null in the first pass. */
  within: FoundBin | null;
}

/** A bin, and how many numbers are less than all of its own. */
export interface FoundBin {
  bin: number;
  dropped: number;
  below: number;
}

const MANTISSA_BITS = 52;

/** The sign and one bit of the exponent remain. */
const MAX_DROPPED = 62;

export class ValueBins {
  private counts = new Map<number, number>();
  private dropped = 0;

  constructor(private readonly within: FoundBin | null) {}

  /** The number of bins. */
  get size(): number {
    return this.counts.size;
  }

  add(value: number): void {
    if (this.within !== null && binOf(value, this.within.dropped) !== this.within.bin) return;
    this.addTo(binOf(value, this.dropped), 1);
  }

  /** Adds what another pass over the same bin has counted. */
  addAll({ dropped, counts }: ValueCounts): void {
    this.drop(dropped);
    for (const [bin, count] of counts) this.addTo(binOf(bin, this.dropped), count);
  }

  /** Merges bins until at most this many remain, and at least four: two of each sign cannot be merged. */
  shrink(most: number): void {
    while (this.counts.size > most && this.dropped < MAX_DROPPED) this.drop(this.dropped + 1);
  }

  get state(): ValueCounts {
    return { dropped: this.dropped, counts: [...this.counts], within: this.within };
  }

  private drop(dropped: number): void {
    if (dropped <= this.dropped) return;
    const before = this.counts;
    this.dropped = dropped;
    this.counts = new Map();
    for (const [bin, count] of before) this.addTo(binOf(bin, dropped), count);
  }

  private addTo(bin: number, count: number): void {
    this.counts.set(bin, (this.counts.get(bin) ?? 0) + count);
  }
}

/** The bin at a rank (from 1) among all numbers, in ascending order; the last one beyond it. Null without numbers. */
export function binAt({ counts, dropped, within }: ValueCounts, rank: number): FoundBin | null {
  let below = within?.below ?? 0;
  let last: FoundBin | null = null;
  for (const [bin, count] of counts.toSorted(([a], [b]) => a - b)) {
    last = { bin, dropped, below };
    below += count;
    if (below >= rank) break;
  }
  return last;
}

/** The number in the middle of a bin, and the most by which it differs from one in the bin, as a share of that. */
export function middleOf({ bin, dropped }: Pick<FoundBin, "bin" | "dropped">): { value: number; error: number } {
  // Besides zero itself, its bin has only numbers below 1e-307.
  if (dropped === 0 || (Math.abs(bin) <= Number.MIN_VALUE && dropped <= MANTISSA_BITS)) return { value: bin, error: 0 };
  const far = endOf(bin, dropped);
  const value = bin + (far - bin) / 2;
  const reach = Math.max(Math.abs(value - bin), Math.abs(far - value));
  return { value, error: Math.abs(bin) <= Number.MIN_VALUE ? 1 : reach / Math.abs(bin) };
}

/** The least and the greatest number that a bin can have. */
export function edgesOf({ bin, dropped }: Pick<FoundBin, "bin" | "dropped">): { least: number; most: number } {
  const far = dropped === 0 ? bin : endOf(bin, dropped);
  return { least: Math.min(bin, far), most: Math.max(bin, far) };
}

const number = new Float64Array(1);
const words = new Uint32Array(number.buffer);

/** @returns the number of the bin that is closest to zero */
function binOf(value: number, dropped: number): number {
  if (dropped === 0) return value;
  const [low, high] = masksOf(dropped);
  number[0] = value;
  words[LOW] = (words[LOW] ?? 0) & ~low;
  words[HIGH] = (words[HIGH] ?? 0) & ~high;
  // Otherwise the smallest positive and negative numbers would share the bin of zero.
  return number[0] === 0 && value < 0 ? -Number.MIN_VALUE : number[0];
}

/** The number of a bin that is farthest from zero. */
function endOf(bin: number, dropped: number): number {
  const [low, high] = masksOf(dropped);
  number[0] = bin;
  words[LOW] = (words[LOW] ?? 0) | low;
  words[HIGH] = (words[HIGH] ?? 0) | high;
  return Number.isFinite(number[0]) ? number[0] : Math.sign(bin) * Number.MAX_VALUE;
}

/** Typed arrays have the byte order of the platform, which is little-endian wherever this runs. */
const [LOW, HIGH] = [0, 1];

function masksOf(dropped: number): [low: number, high: number] {
  return dropped < 32 ? [2 ** dropped - 1, 0] : [0xffff_ffff, 2 ** (dropped - 32) - 1];
}
