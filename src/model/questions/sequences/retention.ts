import type { Micros } from "../../time/time";

/** An event of a visitor. */
export interface RetentionEvent {
  occurredAt: Micros;
  /** It can be the visitor's first event. */
  isFirst: boolean;
  /** It counts as a return. */
  isReturn: boolean;
}

export interface Retained {
  /** The period of the visitor's first event, from 0. */
  cohort: number;
  /** Periods in which the visitor returned, counted from the cohort's own, which is 0. Ascending. */
  returned: number[];
}

/**
 * Finds the period of a visitor's first event, and the periods in which the visitor returned. The first event is itself
 * a return if it matches.
 *
 * @param events one visitor's events, in order
 * @param starts the starts of the periods, ascending, and the end of the last one
 */
export function retainedBy(events: readonly RetentionEvent[], starts: readonly Micros[]): Retained | null {
  const first = events.findIndex(({ isFirst, occurredAt }) => isFirst && periodOf(occurredAt, starts) !== null);
  const beginning = events[first];
  const cohort = beginning === undefined ? null : periodOf(beginning.occurredAt, starts);
  if (cohort === null) return null;
  const returned = new Set<number>();
  for (const { isReturn, occurredAt } of events.slice(first)) {
    const period = isReturn ? periodOf(occurredAt, starts) : null;
    if (period !== null) returned.add(period - cohort);
  }
  return { cohort, returned: [...returned].sort((a, b) => a - b) };
}

/** The number of the period that contains a time, from 0. Null if no period does. */
export function periodOf(moment: Micros, starts: readonly Micros[]): number | null {
  const next = starts.findIndex((start) => start > moment);
  return next <= 0 ? null : next - 1;
}
