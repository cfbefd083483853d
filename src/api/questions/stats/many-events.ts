import type { Context } from "hono";
import type { AppEnv } from "../../../http/app-env";
import type { NumbersQuestion, SessionsQuestion } from "../../../model/questions/question";
import type { TimeZone } from "../../../model/time/time-zone";
import { databasesOf } from "../../../storage/core/databases";
import { planReading } from "../../../storage/sequences/ask-sequences";
import { answerSlice } from "../../sequences/answer-slice";
import { startJob } from "../../sequences/start-job";

/**
 * Answers a question about more events than one request reads: from a sample of the sessions, or with 202 and a job.
 * Returns null if neither is possible.
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
