import type { LoadReport } from "./load.ts";

/** One round of one target. Times in milliseconds. */
export interface Round {
  events: number;
  requestsPerSecond: number;
  p50: number;
  p99: number;
  /** CPU time of workerd; null if it is not known. */
  cpuMsPer1000Events: number | null;
  /** Null if only ingest was measured. */
  readable: { eventsPerSecond: number; longestLagMs: number } | null;
}

/** The number of readable events at a time (milliseconds since 1970). */
export interface Progress {
  at: number;
  readable: number;
}

export function median(values: readonly number[]): number {
  return percentile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}

/** @param sorted in ascending order. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/**
 * The longest time between the acceptance of an event and its first being readable, if events become readable in the order
 * of their acceptance. Progress is polled, so the value is at most one interval too long.
 */
export function longestLag(
  acceptedAt: readonly number[],
  eventsPerRequest: number,
  progress: readonly Progress[],
): number {
  let longest = 0;
  let seen = 0;
  for (const { at, readable } of progress) {
    // The oldest request that was not completely readable before this time.
    const oldest = acceptedAt[Math.floor(seen / eventsPerRequest)];
    if (oldest !== undefined && at > oldest) longest = Math.max(longest, at - oldest);
    seen = readable;
  }
  return longest;
}

export function roundOf(
  load: LoadReport,
  eventsPerRequest: number,
  cpuMs: number | null,
  progress: readonly Progress[],
): Round {
  const requests = load.latencies.length;
  const events = requests * eventsPerRequest;
  const end = progress.at(-1)?.at;
  return {
    events,
    requestsPerSecond: (requests / (load.endedAt - load.startedAt)) * 1_000,
    p50: percentile(load.latencies, 0.5),
    p99: percentile(load.latencies, 0.99),
    cpuMsPer1000Events: cpuMs === null ? null : (cpuMs / events) * 1_000,
    readable:
      end === undefined
        ? null
        : {
            eventsPerSecond: (events / (end - load.startedAt)) * 1_000,
            longestLagMs: longestLag(load.acceptedAt, eventsPerRequest, progress),
          },
  };
}
