import type { Context } from "hono";
import * as v from "valibot";
import { answer } from "../../http/answer";
import type { AppEnv } from "../../http/app-env";
import { askedApplications, isBound } from "../../http/auth/visible-applications";
import { problem, Refusal } from "../../http/problem";
import { MomentSchema } from "../../http/request/moment";
import { areAllVisible } from "../../model/keys/visibility";
import { formatTimestamp } from "../../model/time/time";
import { TimeZone } from "../../model/time/time-zone";
import { databasesOf, firstDatabase } from "../../storage/core/databases";
import { JOB_KEPT_DAYS, loadJob } from "../../storage/sequences/job-store";
import { RowsReadSchema } from "../questions/stats/stats-body";
import { rangeMembers } from "./answer-slice";

export const JobResponse = v.object({
  job: v.string(),
  kind: v.pipe(
    v.picklist(["funnel", "paths", "retention", "stats", "session_stats"]),
    v.description("The kind of query."),
  ),
  status: v.picklist(["running", "done", "failed"]),
  progress: v.pipe(
    v.number(),
    v.minValue(0),
    v.maxValue(1),
    v.description("The share of its steps that are done. It falls if percentiles need another pass over the events."),
  ),
  created_at: MomentSchema,
  updated_at: v.pipe(MomentSchema, v.description("When its last step was done.")),
  rows_read: v.pipe(
    RowsReadSchema,
    v.description(
      "The rows that all steps have read in D1 so far; null for a key that is limited to certain applications.",
    ),
  ),
  result: v.optional(
    v.pipe(
      v.record(v.string(), v.unknown()),
      v.description(
        `When the job is done: the response that the query would have returned at once. Kept for ${JOB_KEPT_DAYS} days.`,
      ),
    ),
  ),
  reason: v.optional(v.pipe(v.string(), v.description("Why it failed."))),
});

/** `GET /theeye/jobs/{id}`: the progress of a job and, when it is done, its result. */
export async function showJob(c: Context<AppEnv>): Promise<Response> {
  const job = await loadJob(firstDatabase(databasesOf(c.env)), c.req.param("id") ?? "");
  const visible = askedApplications(c);
  if (visible instanceof Refusal) return visible.response();
  if (job === null || !areAllVisible(job.question.applications, visible)) {
    return problem("not_found", "There is no job with this id, or it is no longer kept.");
  }
  const { id, question, status, step, steps, createdAt, updatedAt, result, reason } = job;
  const rowsRead = isBound(c) ? null : job.rowsRead;
  const zone = TimeZone.find(job.timezone) ?? TimeZone.UTC;
  return answer({
    job: id,
    kind: question.kind,
    status,
    progress: step / steps,
    created_at: formatTimestamp(createdAt),
    updated_at: formatTimestamp(updatedAt),
    rows_read: rowsRead,
    ...(result === null ? {} : { result: { ...rangeMembers(question, zone), ...result, rows_read: rowsRead } }),
    ...(reason === null ? {} : { reason }),
  });
}
