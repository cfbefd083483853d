import type { Micros } from "../time/time";

/** An event of a visitor. */
export interface RetentionEvent {
  occurredAt: Micros;
  /** It may begin the visitor's time. */
  isFirst: boolean;
  /** It counts as coming back. */
  isReturn: boolean;
}

export interface Retained {
  /** The period of the visitor's first event, from 0. */
  cohort: number;
  /** Periods after that one in which the visitor was seen again, from 0, which is the cohort's own. Ascending. */
  returned: number[];
}

/**
 * In which period a visitor's first event lies, and in which ones the visitor came back, that event included where it counts.
 *
 * @param events in order
 * @param starts where the periods start, ascending, and where the last one ends
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

/** The number of the period that holds a moment, from 0. */
export function periodOf(moment: Micros, starts: readonly Micros[]): number | null {
  const next = starts.findIndex((start) => start > moment);
  return next <= 0 ? null : next - 1;
}
