/**
 * The quantile of numbers by nearest rank: the smallest one that at least `share` of them do not exceed. Null without
 * numbers.
 *
 * @param sorted ascending
 */
export function quantileOf(sorted: ArrayLike<number>, share: number): number | null {
  if (sorted.length === 0) return null;
  // Rounding can turn 0.9 * 10 into 9.000000000000002, which must not move the rank.
  const rank = Math.ceil(share * sorted.length - 1e-9);
  return sorted[Math.min(sorted.length, Math.max(1, rank)) - 1] ?? null;
}
