import type { AlertKind, AlertState, Measurement, Threshold } from "../model/alert";

/** The share of failures among all events; 0 without events. */
export function shareOf({ failures, stored }: Measurement): number {
  return failures === 0 ? 0 : failures / (failures + stored);
}

/** Whether the failures of a window reach the threshold. */
export function reaches(threshold: Threshold, measured: Measurement): boolean {
  if ("failures" in threshold) return measured.failures >= threshold.failures;
  return measured.failures >= threshold.at_least && shareOf(measured) >= threshold.share;
}

/** The change of an alert: it begins, it ends, or (null) it keeps its state. */
export function evaluate(state: AlertState, threshold: Threshold, measured: Measurement): AlertKind | null {
  const isReached = reaches(threshold, measured);
  if (isReached === (state === "firing")) return null;
  return isReached ? "begin" : "end";
}
