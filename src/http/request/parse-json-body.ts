import * as v from "valibot";
import { isJsonObject } from "../../model/event/event";
import { plainMessage } from "../../model/plain-message";
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
  // An array has methods under names such as `filter`, which valibot would read as members.
  if (!isJsonObject(value)) return notAnObject([]);
  const result = v.safeParse(schema, value);
  if (result.success) {
    const array = arrayTakenForObject(value, result.output);
    return array === null ? result.output : notAnObject(array);
  }
  const [issue] = result.issues;
  const parameter = v.getDotPath(issue);
  if (parameter === null) return notAnObject([]);
  return new Refusal("invalid_parameter", `The member ${parameter} is not valid: ${reason(issue)}.`, { parameter });
}

/**
 * The path of an array that valibot took for an object: `[]` is an object without members for it, so an empty array in
 * place of a filter would select everything. Null if there is none.
 */
function arrayTakenForObject(given: unknown, output: unknown): string[] | null {
  if (given === output || typeof output !== "object" || output === null) return null;
  if (Array.isArray(given) && !Array.isArray(output)) return [];
  for (const [name, value] of Object.entries(output)) {
    const path = arrayTakenForObject(memberOf(given, name), value);
    if (path !== null) return [name, ...path];
  }
  return null;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function notAnObject(path: string[]): Refusal {
  const parameter = path.join(".");
  if (parameter === "") return new Refusal("invalid_parameter", "The body must be one JSON object.");
  const detail = `The member ${parameter} is not valid: it must be an object, but is an array.`;
  return new Refusal("invalid_parameter", detail, { parameter });
}

function reason(issue: v.BaseIssue<unknown>): string {
  if (issue.expected === "never") return "it is unknown";
  if (issue.received === "undefined") return "it is missing";
  return plainMessage(issue);
}
