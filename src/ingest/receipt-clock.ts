import type { Micros } from "../model/time/time";

/** Reserves one microsecond for each event of a request and returns the first. */
export type ReceiptClock = (events: number) => Micros;

/**
 * An isolate's clock, strictly increasing: no two events of one isolate have the same time of receipt. Each request's
 * events come after those of the previous request, even within one millisecond or after the clock was set back.
 *
 * @param now milliseconds since 1970.
 */
export function createReceiptClock(now: () => number = Date.now): ReceiptClock {
  let free = 0;
  return function reserve(events) {
    const first = Math.max(Math.floor(now()) * 1000, free);
    free = first + events;
    return first;
  };
}
