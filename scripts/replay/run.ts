import { Delivery, NOTHING_SENT } from "./delivery/delivery.ts";
import type { Io } from "./delivery/request.ts";
import { LineIds } from "./events/line-ids.ts";
import { parseReplayOptions, type ReplayOptions, USAGE } from "./options.ts";
import type { Progress, StartProgress } from "./progress.ts";
import { emptyReport, type FileReport, isMisunderstood, misunderstanding } from "./reading/file-report.ts";
import { inputProblem, inputSize, openInput } from "./reading/open-input.ts";
import { readLog } from "./reading/read-log.ts";
import { dryRunTable, reconcile, reconciliationTable } from "./reconciliation.ts";
import { ReplayStopped, UnreadableFile } from "./stopped.ts";
import { exitCodeOf, notesOf } from "./summary.ts";

/** The I/O of the command; tests pass their own. */
export interface World {
  io: Io;
  standardInput: AsyncIterable<Uint8Array>;
  print: (text: string) => void;
  printError: (text: string) => void;
  startProgress: StartProgress;
}

/** The command `npm run replay`. @returns its exit code; see `USAGE`. */
export async function runReplay(args: readonly string[], world: World): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    world.print(USAGE);
    return 0;
  }
  const options = parseReplayOptions(args);
  if (typeof options === "string") {
    world.printError(`${options}\n\n${USAGE}`);
    return 2;
  }
  const problems = options.files.map(inputProblem).filter((problem) => problem !== null);
  if (problems.length > 0) {
    world.printError(problems.join("\n"));
    return 2;
  }
  return replay(options, world);
}

interface Run {
  options: ReplayOptions;
  world: World;
  ids: LineIds;
  /** Null in a dry run. */
  delivery: Delivery | null;
}

async function replay(options: ReplayOptions, world: World): Promise<number> {
  const delivery = options.isDryRun ? null : new Delivery(world.io, options);
  const run: Run = { options, world, delivery, ids: new LineIds(options.source) };
  const files: FileReport[] = [];
  let stopped: string | null = null;
  let missing: string[] = [];
  try {
    for (const name of options.files) {
      const report = emptyReport(name);
      files.push(report);
      await replayFile(run, report);
    }
    if (delivery !== null) missing = await finish(delivery, files, world);
  } catch (error) {
    if (!(error instanceof ReplayStopped)) throw error;
    stopped = error.message;
    world.printError(`\nThe replay stopped. ${stopped}`);
  }
  const reconciliation = reconcile(files, delivery?.counts ?? NOTHING_SENT);
  const outcome = { reconciliation, files, source: options.source, isDryRun: options.isDryRun, stopped, missing };
  const table = options.isDryRun ? dryRunTable : reconciliationTable;
  if (reconciliation.lines > 0) world.print(`\n${table(reconciliation, files)}\n`);
  world.print(notesOf(outcome).join("\n"));
  return exitCodeOf(outcome);
}

/** Sends the events of a file. A file that cannot be read or understood is reported, and the others are still sent. */
async function replayFile(run: Run, report: FileReport): Promise<void> {
  const { world, delivery, options } = run;
  let bytes = 0;
  let progress: Progress | null = null;
  try {
    const input = await openInput(report.name, world.standardInput, (count) => {
      bytes += count;
    });
    const chunks = readLog(input, options, run.ids, report);
    let next = await chunks.next();
    if (report.refused === null) world.print(`${report.name}: ${report.format}`);
    while (next.done !== true) {
      progress ??= world.startProgress("read  ", inputSize(report.name));
      await delivery?.take(next.value);
      progress.update(bytes, report.lines, delivery?.counts.storedNow ?? 0);
      next = await chunks.next();
    }
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    report.problem = error.message;
  } finally {
    progress?.stop();
  }
  if (report.problem !== null) world.printError(report.problem);
  else if (isMisunderstood(report)) world.printError(misunderstanding(report));
}

/** Waits until all sent events have arrived. @returns the ids of some that have not. */
async function finish(delivery: Delivery, files: readonly FileReport[], world: World): Promise<string[]> {
  if (delivery.counts.sent === 0) return [];
  const lines = files.reduce((sum, file) => sum + file.lines, 0);
  const progress = world.startProgress("stored", delivery.counts.accepted);
  try {
    return await delivery.finish(({ storedNow, errors }) => progress.update(storedNow + errors, lines, storedNow));
  } finally {
    progress.stop();
  }
}
