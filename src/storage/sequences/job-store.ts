import type { SequenceQuestion } from "../../model/questions/question";
import type { SequenceAnswer, SequenceState } from "../../model/questions/sequences/sequence-tally";
import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";

/** The most jobs that run at once. Each runs one step at a time. */
export const MAX_RUNNING_JOBS = 20;

/** How long a job and its result are kept. */
export const JOB_KEPT_DAYS = 30;

export type JobStatus = "running" | "done" | "failed";

/** A query that is answered in steps. */
export interface QuestionJob {
  id: string;
  createdAt: Micros;
  updatedAt: Micros;
  status: JobStatus;
  question: SequenceQuestion;
  timezone: string;
  /** The number of counted steps. */
  step: number;
  /** Those of all passes so far. */
  steps: number;
  /** Passes over the events, each of equally many steps. */
  passes: number;
  /** The combined result of these steps. */
  state: SequenceState | null;
  rowsRead: number;
  result: SequenceAnswer | null;
  /** Why it failed. */
  reason: string | null;
}

/**
 * Jobs are in the first database. All functions here throw what D1 throws.
 *
 * @returns false if MAX_RUNNING_JOBS are running already
 */
export async function insertJob(
  { binding }: Database,
  job: Pick<QuestionJob, "id" | "createdAt" | "question" | "timezone" | "steps">,
): Promise<boolean> {
  const [, inserted] = await binding.batch([
    binding
      .prepare("DELETE FROM question_jobs WHERE created_at < ?1")
      .bind(job.createdAt - JOB_KEPT_DAYS * 86_400_000_000),
    binding
      .prepare(
        `INSERT INTO question_jobs (id, created_at, updated_at, status, question, timezone, step, steps, rows_read)
         SELECT ?1, ?2, ?2, 'running', ?3, ?4, 0, ?5, 0
         WHERE (SELECT count(*) FROM question_jobs WHERE status = 'running') < ?6`,
      )
      .bind(job.id, job.createdAt, JSON.stringify(job.question), job.timezone, job.steps, MAX_RUNNING_JOBS),
  ]);
  return (inserted?.meta.changes ?? 0) > 0;
}

/** Removes a job of which no step was requested. */
export async function deleteJob({ binding }: Database, id: string): Promise<void> {
  await binding.prepare("DELETE FROM question_jobs WHERE id = ?1").bind(id).run();
}

export async function loadJob({ binding }: Database, id: string): Promise<QuestionJob | null> {
  const row = await binding.prepare("SELECT * FROM question_jobs WHERE id = ?1").bind(id).first<JobRow>();
  return row === null ? null : toJob(row);
}

/** Running jobs that have not made progress since the given time: their message may be lost. */
export async function jobsWaitingSince(
  { binding }: Database,
  moment: Micros,
): Promise<Pick<QuestionJob, "id" | "step">[]> {
  const { results } = await binding
    .prepare("SELECT id, step FROM question_jobs WHERE status = 'running' AND updated_at < ?1 LIMIT 20")
    .bind(moment)
    .all<{ id: string; step: number }>();
  return results;
}

/**
 * Counts a step: saves the combined result of all steps so far, or the final result after the last one.
 *
 * @param counted.furtherSteps the steps of another pass that follows
 * @returns false if the step was counted before
 */
export async function countJobStep(
  { binding }: Database,
  { id, step }: Pick<QuestionJob, "id" | "step">,
  counted: {
    now: Micros;
    rowsRead: number;
    state: SequenceState | null;
    result: SequenceAnswer | null;
    furtherSteps?: number;
  },
): Promise<boolean> {
  const { now, rowsRead, state, result, furtherSteps = 0 } = counted;
  const { meta } = await binding
    .prepare(
      `UPDATE question_jobs SET step = step + 1, updated_at = ?3, rows_read = rows_read + ?4, state = ?5, result = ?6,
         steps = steps + ?7, passes = passes + (?7 > 0), status = iif(?6 IS NULL, 'running', 'done')
       WHERE id = ?1 AND step = ?2 AND status = 'running'`,
    )
    .bind(id, step, now, rowsRead, jsonOrNull(state), jsonOrNull(result), furtherSteps)
    .run();
  return meta.changes > 0;
}

export async function failJob({ binding }: Database, id: string, reason: string, now: Micros): Promise<void> {
  await binding
    .prepare(
      `UPDATE question_jobs SET status = 'failed', reason = ?2, updated_at = ?3, state = NULL
       WHERE id = ?1 AND status = 'running'`,
    )
    .bind(id, reason, now)
    .run();
}

interface JobRow {
  id: string;
  created_at: number;
  updated_at: number;
  status: JobStatus;
  question: string;
  timezone: string;
  step: number;
  steps: number;
  passes: number;
  state: string | null;
  rows_read: number;
  result: string | null;
  reason: string | null;
}

function toJob({ created_at, updated_at, rows_read, question, state, result, ...row }: JobRow): QuestionJob {
  return {
    ...row,
    createdAt: created_at,
    updatedAt: updated_at,
    rowsRead: rows_read,
    question: JSON.parse(question),
    state: JSON.parse(state ?? "null"),
    result: JSON.parse(result ?? "null"),
  };
}

function jsonOrNull(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}
