/**
 * Estimates from a sample. Each session (or visitor) is in it with the same probability, the sampled share,
 * independently of the others and of its events.
 */

/** Lower and upper bound. */
export type Interval = [low: number, high: number];

/** A number with its 95 % interval. Null: unknown. */
export interface Estimated {
  value: number | null;
  interval: Interval | null;
}

/** The quantile of the normal distribution for a 95 % interval. */
export const Z = 1.959_964;

/** Estimates the total from the number found in the sample. */
export function estimateCount(found: number, share: number): number {
  return Math.round(found / share);
}

/**
 * The 95 % interval of the total: the score interval of a binomial with known probability, with continuity correction.
 * The total is never below the number found.
 */
export function countInterval(found: number, share: number): Interval {
  if (share >= 1) return [found, found];
  const rest = 1 - share;
  const middle = found + (Z * Z * rest) / 2;
  const reach = Z * Math.sqrt(found * rest + (Z * Z * rest * rest) / 4) + 0.5;
  return [Math.max(found, Math.floor((middle - reach) / share)), Math.ceil((middle + reach) / share)];
}

/**
 * The 95 % interval of the share `found / of` in the whole (Wilson, with continuity correction). The sampled part is
 * known exactly, so the interval narrows to zero as the sample grows to the whole.
 */
export function shareInterval(found: number, of: number, share: number): Interval {
  if (of === 0) return [0, 1];
  const p = found / of;
  if (share >= 1) return [p, p];
  const n = of / (1 - share);
  const spread = (Z * Z) / n;
  const middle = (p + spread / 2) / (1 + spread);
  const reach = (Z * Math.sqrt((p * (1 - p)) / n + spread / (4 * n))) / (1 + spread) + 0.5 / n;
  return [Math.max(0, Math.min(p, middle - reach)), Math.min(1, Math.max(p, middle + reach))];
}

/** The ranks (from 1) in a sample of `size` whose values bound the quantile `q` of the whole (95 %). */
export function quantileRanks(size: number, q: number, share: number): Interval {
  const reach = Z * Math.sqrt(size * q * (1 - q) * Math.max(0, 1 - share));
  const low = share >= 1 ? Math.ceil(size * q) : Math.floor(size * q - reach);
  const high = share >= 1 ? Math.ceil(size * q) : Math.ceil(size * q + reach) + 1;
  return [Math.max(1, low), Math.min(size, Math.max(1, high))];
}
