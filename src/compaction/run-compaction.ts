import type { Micros } from "../model/time/time";
import { firstDatabase } from "../storage/core/databases";
import { messageOf } from "../storage/core/transport-errors";
import { compactStep, type StepResult } from "./compact-step";
import type { CompactionWorld } from "./compaction-world";
import { holdLease } from "./compactor-lease";
import { applyRetention } from "./retention";

/** What one run did. */
export interface CompactionRun {
  steps: Exclude<StepResult, { did: "waiting" }>[];
  /** True if nothing is left to be done now. */
  isDone: boolean;
}

/**
 * Steps and copied rows of one run: some 4 s of CPU where an hour has 360,000 events, and few messages where hours are
 * nearly empty.
 */
const MAX_STEPS = 60;
const MAX_ROWS = 100_000;

/**
 * Does steps of the compactor until nothing is left or enough is done, then what retention asks for.
 *
 * @throws what D1 and R2 throw; what was done until then stays done
 */
export async function runCompaction(world: CompactionWorld, clock: () => Micros): Promise<CompactionRun> {
  const steps: CompactionRun["steps"] = [];
  let rows = 0;
  while (steps.length < MAX_STEPS && rows < MAX_ROWS) {
    const step = await compactStep(world, clock());
    if (step.did === "waiting") {
      await applyRetention(world, clock());
      return { steps, isDone: true };
    }
    steps.push(step);
    rows += step.rows;
  }
  return { steps, isDone: false };
}

/** A run of the compactor as a consumer of its queue does it: one message is one run, and it sends the next. */
export async function consumeCompaction(
  batch: MessageBatch<unknown>,
  world: CompactionWorld,
  { clock, sendNext }: { clock: () => Micros; sendNext: () => Promise<void> },
): Promise<void> {
  const first = firstDatabase(world.databases);
  for (const message of batch.messages) {
    try {
      const { steps, isDone } = await runCompaction(world, clock);
      if (steps.length > 0) world.log({ log: "compaction", ...summaryOf(steps), isDone });
      await holdLease(first, clock(), !isDone);
      if (!isDone) await sendNext();
    } catch (thrown) {
      world.log({ log: "compaction", failure: messageOf(thrown) });
      // The cron begins again in a minute.
      await holdLease(first, clock(), false);
    }
    message.ack();
  }
}

function summaryOf(steps: CompactionRun["steps"]): Record<string, number> {
  const summary: Record<string, number> = { steps: steps.length, rows: 0 };
  for (const { did, rows } of steps) {
    summary[did] = (summary[did] ?? 0) + 1;
    summary.rows = (summary.rows ?? 0) + rows;
  }
  return summary;
}
