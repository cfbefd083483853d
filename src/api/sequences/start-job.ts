import type { Context } from "hono";
import type { AppEnv } from "../../http/app-env";
import { linkTo } from "../../http/links";
import { logFailure } from "../../http/log";
import { problem } from "../../http/problem";
import { queueRefusal } from "../../http/queue-refusal";
import type { SequenceQuestion } from "../../model/questions/question";
import type { TimeZone } from "../../model/time/time-zone";
import { databasesOf, firstDatabase } from "../../storage/core/databases";
import { deleteJob, insertJob, MAX_RUNNING_JOBS } from "../../storage/sequences/job-store";

/** Starts a job and answers 202 with its path, once the queue has its first step. */
export async function startJob(
  c: Context<AppEnv>,
  question: SequenceQuestion,
  zone: TimeZone,
  steps: number,
): Promise<Response> {
  const first = firstDatabase(databasesOf(c.env));
  const id = crypto.randomUUID();
  const isStarted = await insertJob(first, { id, createdAt: Date.now() * 1_000, question, timezone: zone.name, steps });
  if (!isStarted) {
    const detail = `${MAX_RUNNING_JOBS} jobs are already running, which is the limit. Try again when one of them is done.`;
    return problem("rate_limited", detail, { limit: MAX_RUNNING_JOBS });
  }
  try {
    await c.env.JOBS.send({ v: 1, job: id, step: 0 });
  } catch (error) {
    logFailure("queue_refused", error);
    await deleteJob(first, id);
    return queueRefusal(error).response();
  }
  const path = `/theeye/jobs/${id}`;
  return c.json({ job: id, url: linkTo(c.req, path) }, 202, { Location: path, "Cache-Control": "no-store" });
}
