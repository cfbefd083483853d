import type { Context } from "hono";
import type { AppEnv } from "../../../http/app-env";
import type { NumbersQuestion, SessionsQuestion } from "../../../model/questions/question";
import type { TimeZone } from "../../../model/time/time-zone";
import { databasesOf } from "../../../storage/core/databases";
import { planReading } from "../../../storage/sequences/ask-sequences";
import { answerSlice } from "../../sequences/answer-slice";
import { startJob } from "../../sequences/start-job";

/** The most buckets of a percentile. A job keeps all of its numbers, some thousand for each bucket. */
const MAX_PERCENTILES = 20;

/**
 * Answers a question about more events than one request reads: from a sample of the sessions, or with 202 and a job.
 * Returns null if neither is possible. Ask `hasTooManyPercentiles` first.
 *
 * @throws DrizzleQueryError
 */
export async function answerManyEvents(
  c: Context<AppEnv>,
  question: NumbersQuestion | SessionsQuestion,
  { zone, isExact }: { zone: TimeZone; isExact: boolean },
): Promise<Response | null> {
  const databases = databasesOf(c.env);
  const plan = await planReading(databases, question, isExact);
  if (plan.kind === "job") return startJob(c, question, zone, plan.steps);
  if (plan.kind !== "now") return null;
  return answerSlice(c, question, zone, plan.slice);
}

/** Neither a sample nor a job answers these. */
export function hasTooManyPercentiles({ metric: { kind }, groupBy, bounds }: NumbersQuestion): boolean {
  const isPercentile = kind === "p50" || kind === "p90" || kind === "p99";
  return isPercentile && (groupBy.length > 0 || bounds.length - 1 > MAX_PERCENTILES);
}
