import { middleOf } from "./number-bins";

/**
 * Returns a function that finds the number at a rank (from 1) among counted bins (number-bins.ts): the middle of its bin,
 * or of the last bin beyond the highest rank. 0 without bins.
 */
export function rankedBins(bins: Iterable<readonly [bin: string, count: number]>): (rank: number) => number {
  const sorted = [...bins]
    .map(([bin, count]) => ({ number: middleOf(bin), count }))
    .sort((a, b) => a.number - b.number);
  return (rank) => {
    let passed = 0;
    for (const { number, count } of sorted) {
      passed += count;
      if (passed >= rank) return number;
    }
    return sorted.at(-1)?.number ?? 0;
  };
}
