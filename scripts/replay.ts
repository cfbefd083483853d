/** `npm run replay -- FILE`: a real site's traffic through The Eye, with every line accounted for. */
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { SingleBar } from "cli-progress";
import { drain } from "./replay/drain.ts";
import { parseReplayOptions, type ReplayOptions, USAGE } from "./replay/options.ts";
import { type PageView, readLog, splitLines } from "./replay/page-views.ts";
import { addsUp, reconciliationTable } from "./replay/reconciliation.ts";
import { type Io, ReplayStopped } from "./replay/request.ts";
import { sendAll } from "./replay/send.ts";

/** How far this machine's clock and the edge's may differ. */
const CLOCK_TOLERANCE_MS = 120_000;

const IO: Io = { fetch, pause, now: Date.now };

async function withBar<T>(
  title: string,
  total: number,
  work: (tick: (done: number) => void) => Promise<T>,
): Promise<T> {
  const bar = new SingleBar({
    format: `${title} [{bar}] {value}/{total} {percentage}% {duration_formatted}`,
    noTTYOutput: true,
    notTTYSchedule: 2_000,
    hideCursor: true,
  });
  bar.start(total, 0);
  try {
    return await work((done) => bar.update(done));
  } finally {
    bar.stop();
  }
}

/** First and last timestamp; as ISO 8601 in UTC they sort as text. */
function rangeOf(events: readonly PageView[]): { from: string; to: string } {
  let from = events[0]?.timestamp ?? "";
  let to = from;
  for (const { timestamp } of events) {
    if (timestamp < from) from = timestamp;
    if (timestamp > to) to = timestamp;
  }
  return { from, to };
}

async function replay(options: ReplayOptions): Promise<number> {
  const log = readLog(splitLines(readFileSync(options.file, "utf8")));
  const { events } = log;
  const sentFrom = new Date(Date.now() - CLOCK_TOLERANCE_MS).toISOString();
  const accepted = await withBar("sent  ", events.length, (tick) => sendAll(IO, events, options, tick));
  const ids = events.map((event) => event.id);
  const range = { ...rangeOf(events), sentFrom, url: options.url, key: options.readKey, timeoutMs: options.timeoutMs };
  const drained = await withBar("stored", accepted, (tick) => drain(IO, ids, range, tick));
  const reconciliation = { ...log, sent: events.length, accepted, stored: drained.stored, errors: drained.errors };
  console.log(`\n${reconciliationTable(reconciliation)}`);
  if (drained.missing.length > 0) console.log(`Missing ids: ${drained.missing.slice(0, 5).join(", ")}`);
  return addsUp(reconciliation) ? 0 : 1;
}

async function main(): Promise<number> {
  const options = parseReplayOptions(process.argv.slice(2));
  if (typeof options === "string") {
    console.error(`${options}\n\n${USAGE}`);
    return 2;
  }
  try {
    return await replay(options);
  } catch (error) {
    if (error instanceof ReplayStopped) console.error(`\nThe replay stopped. ${error.message}`);
    else if (error instanceof Error && "code" in error && error.code === "ENOENT") console.error(error.message);
    else throw error;
    return 1;
  }
}

process.exitCode = await main();
