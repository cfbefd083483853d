import { countInterval, type Interval } from "./estimate";

/**
 * Estimates from a sample of sessions of what their events add up to: events of one session are in the sample together, so it
 * is the sessions that vary. Each session is in it with the probability `share`.
 */

/** Of the normal distribution, for 95 %. */
const Z = 1.959_964;

/**
 * Sessions add very different amounts, so that an interval of the normal distribution holds the true number less often than it
 * says: in 91 of 100 samples where it was measured. It is made wider by as much as that takes.
 */
const WIDER = 1.15;

/** What is added up over the sessions of a sample: n events of one, whose numbers add up to y. */
export interface ClusterSums {
  n: number;
  y: number;
  nn: number;
  yy: number;
  ny: number;
  /** The least y of a session, 0 if none is negative. */
  least: number;
}

export const NO_SUMS: ClusterSums = { n: 0, y: 0, nn: 0, yy: 0, ny: 0, least: 0 };

export function addCluster(sums: ClusterSums, n: number, y: number): ClusterSums {
  const { nn, yy, ny, least } = sums;
  return { n: sums.n + n, y: sums.y + y, nn: nn + n * n, yy: yy + y * y, ny: ny + n * y, least: Math.min(least, y) };
}

export function joinSums(a: ClusterSums, b: ClusterSums): ClusterSums {
  const [nn, yy, ny] = [a.nn + b.nn, a.yy + b.yy, a.ny + b.ny];
  return { n: a.n + b.n, y: a.y + b.y, nn, yy, ny, least: Math.min(a.least, b.least) };
}

/**
 * The interval of a total. Sessions that add different amounts tell as much as fewer ones that add the same: so the interval
 * of a number of sessions serves, scaled to the amount that such a session adds.
 *
 * @param sum of the amounts in the sample, none negative
 * @param squares the sum of their squares
 */
export function totalInterval(sum: number, squares: number, share: number): Interval {
  if (share >= 1) return [sum, sum];
  if (sum === 0) return countInterval(0, share);
  const each = squares / sum;
  const [low, high] = countInterval(sum / each, share);
  const total = sum / share;
  const wider = (end: number) => total + WIDER * (end * each - total);
  return [Math.max(sum, wider(low)), wider(high)];
}

/** The interval of a total whose amounts may be negative. */
export function signedTotalInterval(sum: number, squares: number, share: number): Interval {
  const reach = (WIDER * Z * Math.sqrt((1 - share) * squares)) / share;
  return [sum / share - reach, sum / share + reach];
}

/** The interval of the mean of all numbers: a ratio of two totals. */
export function meanInterval({ n, y, nn, yy, ny }: ClusterSums, share: number): Interval | null {
  if (n === 0) return null;
  const mean = y / n;
  const spread = Math.max(0, yy - 2 * mean * ny + mean * mean * nn);
  const reach = (WIDER * Z * Math.sqrt((1 - share) * spread)) / n;
  return [mean - reach, mean + reach];
}

/** The ranks (from 1) between whose values a quantile of the whole lies, if all numbers of a session were alike. */
export function clusterRanks({ n, nn }: ClusterSums, q: number, share: number): Interval {
  const sessions = nn === 0 ? 1 : (n * n) / nn;
  const reach = Z * Math.sqrt((q * (1 - q) * Math.max(0, 1 - share)) / sessions);
  return [Math.max(1, Math.floor(n * (q - reach))), Math.min(n, Math.ceil(n * (q + reach)) + 1)];
}
