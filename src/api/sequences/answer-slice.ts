import type { Context } from "hono";
import { answer } from "../../http/answer";
import type { AppEnv } from "../../http/app-env";
import { isBound } from "../../http/auth/visible-applications";
import type { SequenceQuestion } from "../../model/questions/question";
import { answerOf } from "../../model/questions/sequences/sequence-tally";
import type { TimeZone } from "../../model/time/time-zone";
import { databasesOf } from "../../storage/core/databases";
import { planReading, TooManyRows, tallySlice } from "../../storage/sequences/ask-sequences";
import { MAX_ROWS_AT_ONCE } from "../../storage/sequences/limits";
import { type Slice, shareOf } from "../../storage/sequences/slice-statement";
import { startJob } from "./start-job";

/**
 * Answers a query from a slice of the sessions (or visitors), or with 202 and a job over all of them if the slice has
 * more rows than one request reads: late events, which are counted later.
 *
 * @throws DrizzleQueryError
 */
export async function answerSlice(
  c: Context<AppEnv>,
  question: SequenceQuestion,
  zone: TimeZone,
  slice: Slice,
): Promise<Response> {
  const databases = databasesOf(c.env);
  try {
    const { state, rowsRead } = await tallySlice(databases, question, slice, { maxRows: MAX_ROWS_AT_ONCE });
    return answer({
      ...rangeMembers(question, zone),
      ...answerOf(question, state, shareOf(slice)),
      rows_read: isBound(c) ? null : rowsRead,
    });
  } catch (thrown) {
    if (!(thrown instanceof TooManyRows)) throw thrown;
    const plan = await planReading(databases, question, true);
    return startJob(c, question, zone, plan.kind === "job" ? plan.steps : 1);
  }
}

/** The range as responses show it. */
export function rangeMembers({ from, to }: SequenceQuestion, zone: TimeZone): { start: string; end: string } {
  return { start: zone.formatMoment(from), end: zone.formatMoment(to + 1) };
}
