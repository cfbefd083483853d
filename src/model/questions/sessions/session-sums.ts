import { meanInterval, totalInterval } from "../numbers/cluster-estimate";
import type { Estimated } from "../numbers/estimate";
import { countInterval, estimateCount, type Interval, quantileRanks } from "../numbers/estimate";
import { binOf, RELATIVE_ERROR } from "../numbers/number-bins";
import { rankOf } from "../numbers/quantile";
import { rankedBins } from "../numbers/ranked-bins";

/** Sums over the sessions of one group and bucket, in a form that JSON can store. They can be added up. */
export interface SessionSums {
  sessions: number;
  bounces: number;
  events: number;
  /** The sum of the squares of the sessions' events. */
  eventSquares: number;
  seconds: number;
  secondSquares: number;
  /** How many durations each bin holds (number-bins.ts). Null if percentiles are not wanted. */
  bins: Record<string, number> | null;
}

export function emptySums(hasBins: boolean): SessionSums {
  const zeros = { sessions: 0, bounces: 0, events: 0, eventSquares: 0, seconds: 0, secondSquares: 0 };
  return { ...zeros, bins: hasBins ? {} : null };
}

export function addSession(sums: SessionSums, { events, seconds }: { events: number; seconds: number }): void {
  sums.sessions += 1;
  sums.bounces += events === 1 ? 1 : 0;
  sums.events += events;
  sums.eventSquares += events * events;
  sums.seconds += seconds;
  sums.secondSquares += seconds * seconds;
  if (sums.bins !== null) {
    const bin = binOf(seconds);
    sums.bins[bin] = (sums.bins[bin] ?? 0) + 1;
  }
}

export function addSums(sums: SessionSums, other: SessionSums): void {
  sums.sessions += other.sessions;
  sums.bounces += other.bounces;
  sums.events += other.events;
  sums.eventSquares += other.eventSquares;
  sums.seconds += other.seconds;
  sums.secondSquares += other.secondSquares;
  if (sums.bins === null) return;
  for (const [bin, count] of Object.entries(other.bins ?? {})) sums.bins[bin] = (sums.bins[bin] ?? 0) + count;
}

/** The numbers of a group and bucket, estimated from a share of the sessions; exact for a share of 1. */
export function estimateSums(sums: SessionSums, share: number) {
  const { sessions, bounces, events, eventSquares, seconds, secondSquares } = sums;
  const count = (found: number): Estimated => ({
    value: estimateCount(found, share),
    interval: countInterval(found, share),
  });
  const [fewest, most] = totalInterval(events, eventSquares, share);
  const mean = (sum: number, squares: number, least: number): Estimated => ({
    value: sessions === 0 ? null : sum / sessions,
    interval: notBelow(
      least,
      meanInterval({ n: sessions, y: sum, nn: sessions, yy: squares, ny: sum, least: 0 }, share),
    ),
  });
  return {
    sessions: count(sessions),
    bounces: count(bounces),
    events: { value: estimateCount(events, share), interval: [Math.floor(fewest), Math.ceil(most)] as Interval },
    eventsPerSession: mean(events, eventSquares, 1),
    mean: mean(seconds, secondSquares, 0),
    p50: percentile(sums, 0.5, share),
    p90: percentile(sums, 0.9, share),
  };
}

function notBelow(least: number, interval: Interval | null): Interval | null {
  return interval === null ? null : [Math.max(least, interval[0]), Math.max(least, interval[1])];
}

function percentile({ sessions, bins }: SessionSums, q: number, share: number): Estimated {
  if (bins === null || sessions === 0) return { value: null, interval: null };
  const valueAt = rankedBins(Object.entries(bins));
  const [low, high] = quantileRanks(sessions, q, share);
  return {
    value: valueAt(rankOf(q, sessions)),
    interval: [valueAt(low) * (1 - RELATIVE_ERROR), valueAt(high) * (1 + RELATIVE_ERROR)],
  };
}
