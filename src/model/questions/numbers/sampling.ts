import { countInterval, estimateCount, type Interval } from "./estimate";

/** How an answer was computed. */
export interface Sampling {
  /** The share of the sessions (or visitors) that was read; 1: all. */
  share: number;
  /** True if rare keys were combined because there were too many. */
  isFolded: boolean;
}

export interface Accuracy {
  exact: boolean;
  sampled?: number;
  folded?: true;
}

export function accuracyOf({ share, isFolded }: Sampling): Accuracy {
  return {
    exact: share >= 1 && !isFolded,
    ...(share < 1 ? { sampled: share } : {}),
    ...(isFolded ? { folded: true as const } : {}),
  };
}

/** A number of sessions for an answer, with its interval if it is an estimate. */
export function countOf(found: number, share: number): { count: number; interval_95?: Interval } {
  if (share >= 1) return { count: found };
  return { count: estimateCount(found, share), interval_95: countInterval(found, share) };
}

/** Rounds a share for an answer, to six decimals. */
export function rounded(value: number): number {
  return Math.round(value * 1_000_000) / 1_000_000;
}

export function roundedInterval([low, high]: Interval): Interval {
  return [rounded(low), rounded(high)];
}
