import fc from "fast-check";
import type { SessionWindow } from "../../../../src/model/questions/sessions/session-counts";

/** Microseconds of a window of 15 minutes. */
export const WINDOW = 900_000_000;

/**
 * Events of a session, in microseconds: pauses in windows, with offsets that make ties and single events frequent.
 *
 * @param first the first window; the session has events only in the `days` that begin with it
 * @param offset of an event in its window
 */
export function sessionEvents({
  first,
  days,
  offset,
}: {
  first: number;
  days: number;
  offset: fc.Arbitrary<number>;
}): fc.Arbitrary<number[]> {
  return fc
    .tuple(
      fc.nat({ max: days * 96 - 1 }),
      fc.array(fc.tuple(fc.constantFrom(0, 0, 0, 1, 1, 2, 5, 30, 96), offset), { minLength: 1, maxLength: 12 }),
    )
    .map(([start, pauses]) => {
      let window = first + start;
      return pauses
        .map(([pause, after]) => {
          window += pause;
          return window * WINDOW + after;
        })
        .filter((moment) => moment < (first + days * 96) * WINDOW)
        .sort((a, b) => a - b);
    });
}

/** The windows in which a session has events. */
export function windowsOf(events: readonly number[]): SessionWindow[] {
  return [...Map.groupBy(events, (moment) => Math.floor(moment / WINDOW))].map(([window, own]) => ({
    ...{ window, events: own.length },
    ...{ first: Math.min(...own), last: Math.max(...own) },
  }));
}
