import type { Context } from "hono";
import type * as v from "valibot";
import type { AppEnv } from "../app-env";
import { askedApplications } from "../auth/visible-applications";
import { Refusal } from "../problem";
import { type ParameterSchema, readParameters, refuseReversedRange } from "./parameters";

/** The parameters that every list has. */
interface Filtered {
  application?: string | undefined;
  start_date?: number | undefined;
  end_date?: number | undefined;
}

/**
 * Reads the parameters of a list that has filters by range and application.
 *
 * @returns the parameters, and the applications that the answer may include (null: all); or the refusal
 */
export function readQuestion<const Schema extends ParameterSchema & v.GenericSchema<unknown, Filtered>>(
  c: Context<AppEnv>,
  schema: Schema,
): { question: v.InferOutput<Schema>; applications: readonly string[] | null } | Refusal {
  const question = readParameters(c.req.url, schema);
  if (question instanceof Refusal) return question;
  const applications = askedApplications(c, question.application);
  if (applications instanceof Refusal) return applications;
  return refuseReversedRange(question) ?? { question, applications };
}
