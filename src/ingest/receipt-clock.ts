import type { Micros } from "../model/time/time";

/** Reserves as many microseconds as a request has events, and tells the first of them. */
export type ReceiptClock = (events: number) => Micros;

/**
 * An isolate's clock, strictly monotone: no two events received in one isolate have the same moment, and each request's
 * events lie after those of the request before, even within one millisecond or when the clock is set back.
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
