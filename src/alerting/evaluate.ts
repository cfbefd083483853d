import type { AlertKind, AlertState, Failures, Measurement, Threshold } from "../model/alerts/alert";
import { reachesNumber } from "../model/alerts/number-threshold";

/** The share of failures among all events; 0 without events. */
export function shareOf({ failures, stored }: Failures): number {
  return failures === 0 ? 0 : failures / (failures + stored);
}

/** Whether what was measured reaches the threshold. */
export function reaches(threshold: Threshold, measured: Measurement): boolean {
  if ("usual" in measured) return "metric" in threshold && reachesNumber(threshold, measured);
  if ("value" in measured) {
    const { value } = measured;
    if (value === null) return false;
    if ("days_left" in threshold) return value <= threshold.days_left;
    if ("backlog" in threshold) return value >= threshold.backlog;
    return "archive_hours" in threshold && value >= threshold.archive_hours;
  }
  if ("failures" in threshold) return measured.failures >= threshold.failures;
  return "share" in threshold && measured.failures >= threshold.at_least && shareOf(measured) >= threshold.share;
}

/** The change of an alert: it begins, it ends, or (null) it keeps its state. */
export function evaluate(state: AlertState, threshold: Threshold, measured: Measurement): AlertKind | null {
  const isReached = reaches(threshold, measured);
  if (isReached === (state === "firing")) return null;
  return isReached ? "begin" : "end";
}
