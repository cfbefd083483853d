/**
 * The clock of the metered Worker: it stands still until it is set, so that a run of minutes takes seconds and counts
 * the same on every machine. To be imported before the Worker's own modules, some of which keep `Date.now` itself.
 *
 * It starts far ahead of the real clock: an alarm set by it never rings by itself.
 */
export const START_MS = Date.UTC(2090, 0, 1, 12, 0, 0);

let nowMs = START_MS;

Date.now = () => nowMs;

export function setClock(ms: number): void {
  nowMs = ms;
}
