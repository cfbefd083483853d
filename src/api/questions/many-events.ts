import type { Context } from "hono";
import { answer } from "../../http/answer";
import type { AppEnv } from "../../http/app-env";
import { isBound } from "../../http/auth/visible-applications";
import type { NumbersQuestion } from "../../model/questions/question";
import { answerOf } from "../../model/questions/sequences/sequence-tally";
import type { TimeZone } from "../../model/time/time-zone";
import { databasesOf } from "../../storage/core/databases";
import { planReading, TooManyRows, tallySlice } from "../../storage/sequences/ask-sequences";
import { MAX_ROWS_AT_ONCE } from "../../storage/sequences/limits";
import { shareOf } from "../../storage/sequences/slice-statement";
import { rangeMembers } from "../sequences/answer-sequence";
import { startJob } from "../sequences/start-job";

/** A job keeps all numbers of a percentile: some thousand for each bucket. */
const MAX_PERCENTILES = 20;

/**
 * Answers a question about more events than are read at once: from a sample of the sessions, or with 202 and a job. Null where
 * neither is possible.
 *
 * @throws DrizzleQueryError
 */
export async function answerManyEvents(
  c: Context<AppEnv>,
  question: NumbersQuestion,
  { zone, isExact }: { zone: TimeZone; isExact: boolean },
): Promise<Response | null> {
  const { metric, groupBy, bounds } = question;
  const isPercentile = metric.kind === "p50" || metric.kind === "p90" || metric.kind === "p99";
  if (isPercentile && (groupBy.length > 0 || bounds.length - 1 > MAX_PERCENTILES)) return null;
  const databases = databasesOf(c.env);
  const plan = await planReading(databases, question, isExact);
  if (plan.kind === "job") return startJob(c, question, zone, plan.steps);
  if (plan.kind !== "now") return null;
  try {
    const { state, rowsRead } = await tallySlice(databases, question, plan.slice, MAX_ROWS_AT_ONCE);
    return answer({
      ...rangeMembers(question, zone),
      ...answerOf(question, state, shareOf(plan.slice)),
      rows_read: isBound(c) ? null : rowsRead,
    });
  } catch (thrown) {
    if (!(thrown instanceof TooManyRows)) throw thrown;
    return startJob(c, question, zone, 1);
  }
}
