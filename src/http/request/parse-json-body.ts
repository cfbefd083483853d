import * as v from "valibot";
import { Refusal } from "../problem";
import { readBody } from "./body";

/**
 * Reads a JSON body and validates it against a schema. The refusal's `parameter` names the first member that is not
 * valid.
 */
export async function parseJsonBody<Schema extends v.GenericSchema>(
  request: Request,
  schema: Schema,
): Promise<v.InferOutput<Schema> | Refusal> {
  const body = await readBody(request);
  if (body instanceof Refusal) return body;
  let value: unknown;
  try {
    value = JSON.parse(body.text);
  } catch {
    return new Refusal("invalid_json", "The body is not one JSON object.");
  }
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const parameter = v.getDotPath(issue);
  if (parameter === null) return new Refusal("invalid_parameter", "The body must be one JSON object.");
  return new Refusal("invalid_parameter", `The member ${parameter} is not valid: ${reason(issue)}.`, { parameter });
}

function reason(issue: v.BaseIssue<unknown>): string {
  if (issue.expected === "never") return "it is unknown";
  if (issue.received === "undefined") return "it is missing";
  return issue.message;
}
