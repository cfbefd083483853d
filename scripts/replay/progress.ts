import { SingleBar } from "cli-progress";

/** Shows the progress of reading a file, or of storing what was sent. */
export interface Progress {
  update: (done: number, lines: number, stored: number) => void;
  stop: () => void;
}

/** @param total the final value of `done`; null if it is not known, as with standard input. */
export type StartProgress = (title: string, total: number | null) => Progress;

/** Shorter work needs no bar. */
const SHOW_AFTER_MS = 1_000;

/** A bar on a terminal; elsewhere a line every two seconds. */
export const startBar: StartProgress = (title, total) => {
  const share = total === null ? "" : " [{bar}] {percentage}%";
  const bar = new SingleBar({
    format: `${title}${share}  {lines} lines, {stored} stored  {duration_formatted}`,
    noTTYOutput: true,
    notTTYSchedule: 2_000,
    hideCursor: true,
  });
  const startedAt = Date.now();
  let isShown = false;
  return {
    update(done, lines, stored) {
      if (!isShown && Date.now() - startedAt < SHOW_AFTER_MS) return;
      if (!isShown) bar.start(Math.max(total ?? 1, 1), 0, { lines, stored });
      isShown = true;
      bar.update(done, { lines, stored });
    },
    stop() {
      if (isShown) bar.stop();
    },
  };
};

/** For tests, and if nobody is watching. */
export const noProgress: StartProgress = () => ({ update: () => undefined, stop: () => undefined });
