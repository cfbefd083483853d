import { setTimeout as wait } from "node:timers/promises";
import { cpuMsOf, openFilesOf } from "../shared/workerd-processes.ts";
import type { LoadProcess } from "./load-process.ts";
import type { Measurement } from "./measurements.ts";
import { type Progress, type Round, roundOf } from "./measures.ts";
import type { Target } from "./target.ts";

const POLL_MS = 50;
const PATIENCE_MS = 120_000;
const CONNECTIONS = 16;

/** Each object keeps three files open until it has been idle for ten seconds, and a process may open 20,000. */
const MAX_OPEN_FILES = 8_000;

/** More than a process has open when no object is left. */
const OPEN_FILES_AT_REST = 500;

/**
 * Waits before a round if the objects of earlier ones have too many files open: until those of all targets are closed, so that
 * closing them takes time from no round.
 */
export async function settle(targets: readonly Target[]): Promise<void> {
  const have = (most: number) => targets.every(({ pid }) => pid === null || openFilesOf(pid) <= most);
  if (have(MAX_OPEN_FILES)) return;
  while (!have(OPEN_FILES_AT_REST)) await wait(POLL_MS);
}

/**
 * One round: sends the measurement's requests to the target and, if it has a pipeline, waits until all events can be read.
 *
 * @throws Error if a request was refused, or if an accepted event is not accounted for
 */
export async function runRound(target: Target, { kind, shape }: Measurement, load: LoadProcess): Promise<Round> {
  await target.clear();
  const expected = shape.requests * shape.eventsPerRequest;
  const cpuBefore = target.pid === null ? null : cpuMsOf(target.pid);
  const progress: Progress[] = [];
  const loading = load.run({
    url: target.url,
    key: target.key,
    shape,
    format: target.format,
    connections: CONNECTIONS,
  });
  if (kind === "pipeline") await followUntil(expected, target, progress);
  const report = await loading;
  const cpuMs = target.pid === null || cpuBefore === null ? null : cpuMsOf(target.pid) - cpuBefore;
  if (report.refused > 0) throw new Error(`${target.name} refused ${report.refused} requests`);
  if (kind === "pipeline") await expectExactly(expected, target);
  return roundOf(report, shape.eventsPerRequest, cpuMs, progress);
}

async function followUntil(expected: number, target: Target, progress: Progress[]): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  for (let readable = 0; readable < expected; ) {
    await wait(POLL_MS);
    const { stored, failed } = await target.progress();
    readable = stored + failed;
    progress.push({ at: performance.timeOrigin + performance.now(), readable });
    if (Date.now() > until)
      throw new Error(`${target.name}: ${readable} of ${expected} events after ${PATIENCE_MS} ms`);
  }
}

/** All events here are valid and different: each must be stored exactly once, and none later. */
async function expectExactly(expected: number, target: Target): Promise<void> {
  await wait(2 * POLL_MS);
  const { stored, failed } = await target.progress();
  if (stored !== expected || failed !== 0) {
    throw new Error(`${target.name}: of ${expected} accepted events ${stored} are stored and ${failed} are errors`);
  }
}
