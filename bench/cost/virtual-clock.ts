/**
 * The clock of the metered Worker. It does not advance until it is set, so a run of minutes takes seconds and counts the
 * same on every machine. Import it before the Worker's modules, some of which keep a reference to `Date.now`. It starts far
 * ahead of the real clock, so that an alarm never fires by itself.
 */
export const START_MS = Date.UTC(2090, 0, 1, 12, 0, 0);

let nowMs = START_MS;

Date.now = () => nowMs;

export function setClock(ms: number): void {
  nowMs = ms;
}
