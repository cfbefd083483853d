import * as v from "valibot";
import { type JobMessage, JobMessageSchema } from "../../model/questions/job-message";
import { nextPass } from "../../model/questions/numbers/percentile-passes";
import { answerOf, asNumbers, type SequenceState, withTally } from "../../model/questions/sequences/sequence-tally";
import type { Micros } from "../../model/time/time";
import { type Database, firstDatabase } from "../../storage/core/databases";
import { messageOf } from "../../storage/core/transport-errors";
import { sliceOfStep, TooManyRows, tallySlice } from "../../storage/sequences/ask-sequences";
import { countJobStep, failJob, jobsWaitingSince, loadJob, type QuestionJob } from "../../storage/sequences/job-store";
import { MAX_ROWS_PER_JOB, MAX_ROWS_PER_STEP } from "../../storage/sequences/limits";

/** The dependencies of jobs. */
export interface JobPipeline {
  databases: Database[];
  /** Requests a step; resolves when the queue has stored the message. */
  sendJob: (message: JobMessage) => Promise<void>;
  /** Microseconds since 1970. */
  now: () => Micros;
  log: (line: Record<string, unknown>) => void;
}

/** Attempts of a step before its job fails, since it delays all other jobs. */
const MAX_ATTEMPTS = 10;

const RETRY_SECONDS = 10;

/** Two or three find percentiles exactly, unless their numbers differ by very little. */
const MAX_PASSES = 8;

/** If a running job makes no progress for this long, its message is considered lost. A step takes seconds. */
const LOST_AFTER: Micros = 5 * 60 * 1_000_000;

/** Consumes a batch of the queue of jobs. Each message requests one step of one job. */
export async function consumeJobs(batch: MessageBatch<unknown>, pipeline: JobPipeline): Promise<void> {
  for (const message of batch.messages) {
    const parsed = v.safeParse(JobMessageSchema, message.body);
    if (!parsed.success) {
      pipeline.log({ log: "job", refused: "the message is not a step of a job" });
      message.ack();
      continue;
    }
    const { job, step } = parsed.output;
    try {
      await runStep(parsed.output, pipeline);
      message.ack();
    } catch (thrown) {
      pipeline.log({ log: "job", job, step, attempts: message.attempts, failed: messageOf(thrown) });
      if (message.attempts < MAX_ATTEMPTS) {
        message.retry({ delaySeconds: RETRY_SECONDS });
      } else {
        await failJob(firstDatabase(pipeline.databases), job, "the databases could not be read", pipeline.now());
        message.ack();
      }
    }
  }
}

/** Requests the next step again for jobs whose message was lost. A step that is delivered twice counts once. */
export async function wakeJobs(pipeline: JobPipeline): Promise<void> {
  const waiting = await jobsWaitingSince(firstDatabase(pipeline.databases), pipeline.now() - LOST_AFTER);
  for (const { id, step } of waiting) await pipeline.sendJob({ v: 1, job: id, step });
}

async function runStep({ job: id, step }: JobMessage, pipeline: JobPipeline): Promise<void> {
  const first = firstDatabase(pipeline.databases);
  const job = await loadJob(first, id);
  if (job === null || job.status !== "running" || job.step > step + 1) return;
  if (job.step === step) {
    const goesOn = await takeStep(job, pipeline);
    if (!goesOn) return;
  }
  // The step is counted. If another delivery counted it, the next step may or may not have been requested.
  await pipeline.sendJob({ v: 1, job: id, step: step + 1 });
}

/** @returns false if no step follows: the job is done or has failed, or another delivery has counted this step */
async function takeStep(job: QuestionJob, { databases, now, log }: JobPipeline): Promise<boolean> {
  const { id, question, step, steps, passes } = job;
  const first = firstDatabase(databases);
  const started = Date.now();
  const own = steps / passes;
  try {
    const found = await tallySlice(databases, question, sliceOfStep(step % own, own), {
      maxRows: MAX_ROWS_PER_STEP,
      found: passes > 1 && job.state !== null ? asNumbers(job.state) : null,
    });
    const state = withTally(question, (tally) => {
      if (job.state !== null) tally.addAll(job.state);
      tally.addAll(found.state);
      return tally.state;
    });
    const counted = { now: now(), rowsRead: found.rowsRead };
    log({ log: "job", job: id, step, steps, rows_read: found.rowsRead, ms: Date.now() - started });
    if (step + 1 < steps) return await countJobStep(first, job, { ...counted, state, result: null });
    const next = passAfter(job, state, found.rowsRead);
    if (next !== null) {
      return await countJobStep(first, job, { ...counted, state: next, result: null, furtherSteps: own });
    }
    await countJobStep(first, job, { ...counted, state: null, result: answerOf(question, state, 1) });
    return false;
  } catch (thrown) {
    if (!(thrown instanceof TooManyRows)) throw thrown;
    await failJob(first, id, `a step would read more than ${MAX_ROWS_PER_STEP} rows: use a shorter range`, now());
    return false;
  }
}

/** The state from which another pass over the events starts. Null if none is needed, or if it would read too many rows. */
function passAfter({ question, passes, rowsRead }: QuestionJob, state: SequenceState, rows: number) {
  if (question.kind !== "stats" || passes >= MAX_PASSES) return null;
  const before = rowsRead + rows;
  return before + before / passes > MAX_ROWS_PER_JOB ? null : nextPass(question, asNumbers(state));
}
