/**
 * The quantile of some numbers by nearest rank: the smallest of them that at least `share` of them do not exceed. Null without
 * numbers.
 *
 * @param sorted ascending
 */
export function quantileOf(sorted: ArrayLike<number>, share: number): number | null {
  if (sorted.length === 0) return null;
  // 0.9 * 10 is 9.000000000000002 in some orders of calculation; a rank must not slip by that.
  const rank = Math.ceil(share * sorted.length - 1e-9);
  return sorted[Math.min(sorted.length, Math.max(1, rank)) - 1] ?? null;
}
