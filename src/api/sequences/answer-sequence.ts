import type { Context } from "hono";
import type * as v from "valibot";
import type { AppEnv } from "../../http/app-env";
import { askedApplications, isBound } from "../../http/auth/visible-applications";
import { Refusal } from "../../http/problem";
import { answerFrom } from "../../http/reading";
import { parseJsonBody } from "../../http/request/parse-json-body";
import { type NamedApplication, refuseUnknownMembers } from "../../http/request/unknown-application";
import type { SequenceQuestion } from "../../model/questions/question";
import { pathsToRead } from "../../model/questions/sequences/sequence-tally";
import type { Micros } from "../../model/time/time";
import type { TimeZone } from "../../model/time/time-zone";
import { databasesOf } from "../../storage/core/databases";
import { planReading, type ReadingPlan } from "../../storage/sequences/ask-sequences";
import { MAX_QUESTION_PATHS, MAX_ROWS_PER_JOB } from "../../storage/sequences/limits";
import { answerSlice } from "./answer-slice";
import { PATHS_RULE } from "./sequence-schemas";
import { startJob } from "./start-job";

export interface AskedSequence {
  question: SequenceQuestion;
  zone: TimeZone;
  accuracy: "fast" | "exact";
  /** The members of the body that name an application. */
  named: readonly NamedApplication[];
}

/** Answers a query about sequences that is sent as a body. `read` converts the body; `now` is in microseconds. */
export async function answerSequenceBody<Schema extends v.GenericSchema>(
  c: Context<AppEnv>,
  schema: Schema,
  read: (input: v.InferOutput<Schema>, now: Micros) => AskedSequence | Refusal,
): Promise<Response> {
  const input = await parseJsonBody(c.req.raw, schema);
  if (input instanceof Refusal) return input.response();
  const asked = read(input, Date.now() * 1_000);
  return asked instanceof Refusal ? asked.response() : answerSequence(c, asked);
}

/**
 * Answers a query about sequences from the events of the applications that the key can read: with the numbers, or
 * with 202 and a job that computes them.
 */
export async function answerSequence(c: Context<AppEnv>, asked: AskedSequence): Promise<Response> {
  const applications = askedApplications(c);
  if (applications instanceof Refusal) return applications.response();
  const { zone, accuracy, named } = asked;
  for (const { application } of named) {
    const visible = askedApplications(c, application);
    if (visible instanceof Refusal) return visible.response();
  }
  const question = { ...asked.question, applications };
  if (pathsToRead(question).length > MAX_QUESTION_PATHS) {
    const parameter = question.kind === "funnel" ? "steps" : "by";
    return new Refusal("invalid_parameter", `The member ${parameter} is not valid: ${PATHS_RULE}.`, {
      parameter,
      limit: MAX_QUESTION_PATHS,
    }).response();
  }
  return answerFrom(async () => {
    const databases = databasesOf(c.env);
    const unknown = await refuseUnknownMembers(databases, named);
    if (unknown !== null) return unknown.response();
    const plan = await planReading(databases, question, accuracy === "exact");
    const refusal = refusePlan(plan, zone, isBound(c));
    if (refusal !== null) return refusal.response();
    if (plan.kind === "job") return startJob(c, question, zone, plan.steps);
    if (plan.kind !== "now") throw new Error(`nothing is done for a plan of the kind ${plan.kind}`);
    return answerSlice(c, question, zone, plan.slice);
  });
}

/** @param hidesNumber true if the caller must not see how many events there are, because other applications' count */
function refusePlan(plan: ReadingPlan, zone: TimeZone, hidesNumber: boolean): Refusal | null {
  if (plan.kind === "archived") {
    const begin = zone.formatMoment(plan.until);
    const detail = `The parameter start_date is not valid: events before ${begin} are archived, and queries about sequences read only events in the databases. Start there, or query the archive's files.`;
    return new Refusal("invalid_parameter", detail, { parameter: "start_date" });
  }
  if (plan.kind === "too_many") {
    const events = Math.round(plan.events);
    const some = hidesNumber ? "too many" : `about ${events}`;
    const detail = `The range holds ${some} events, and an exact answer would read more than ${MAX_ROWS_PER_JOB} rows. Use a shorter range, or per=session with accuracy=fast.`;
    return new Refusal("question_too_large", detail, {
      limit: MAX_ROWS_PER_JOB,
      ...(hidesNumber ? {} : { actual: events }),
    });
  }
  return null;
}
