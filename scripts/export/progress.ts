import { SingleBar } from "cli-progress";

/** Shows the progress of an export. */
export interface ExportProgress {
  update: (events: number, bytes: number) => void;
  stop: () => void;
}

/** One line that is updated on a terminal; elsewhere a line every five seconds. The total number of events is not known. */
export function startExportProgress(): ExportProgress {
  const bar = new SingleBar({
    format: "{events} events, {megabytes} MB  {rate} events/s  {duration_formatted}",
    noTTYOutput: true,
    notTTYSchedule: 5_000,
    hideCursor: true,
  });
  const startedAt = Date.now();
  let first: number | null = null;
  bar.start(1, 0, { events: "0", megabytes: "0", rate: "0" });
  return {
    update(events, bytes) {
      first ??= events;
      const seconds = Math.max(1, (Date.now() - startedAt) / 1_000);
      const rate = Math.round((events - first) / seconds).toLocaleString("en-US");
      bar.update({ events: events.toLocaleString("en-US"), megabytes: (bytes / 1e6).toFixed(1), rate });
    },
    stop: () => bar.stop(),
  };
}

/** For tests. */
export function noProgress(): ExportProgress {
  return { update: () => undefined, stop: () => undefined };
}
