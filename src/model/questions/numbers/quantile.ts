/**
 * The quantile of numbers by nearest rank: the smallest one that at least `share` of them do not exceed. Null without
 * numbers.
 *
 * @param sorted ascending
 */
export function quantileOf(sorted: ArrayLike<number>, share: number): number | null {
  return sorted[Math.min(sorted.length, rankOf(share, sorted.length)) - 1] ?? null;
}

/** The nearest rank (from 1) of a quantile among `size` numbers. */
export function rankOf(share: number, size: number): number {
  // Rounding turns 0.55 * 100 into 55.00000000000001, which must not move the rank.
  return Math.max(1, Math.ceil(share * size - 1e-9));
}
