import type * as v from "valibot";
import { foundIn } from "./event/event";

/** valibot's names of what it expected. */
const NAMES: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  boolean: "true or false",
  Array: "a list",
  Object: "an object",
  null: "null",
};

/** The messages of valibot itself begin so. A schema's own message is kept as it is. */
const OF_VALIBOT = /^Invalid /;

/**
 * The message of an issue in plain words. valibot's own is not for those who call an interface: `Invalid type: Expected
 * Object but received Array`, `Invalid safe integer: Received 1.5`.
 */
export function plainMessage(issue: v.BaseIssue<unknown>): string {
  if (!OF_VALIBOT.test(issue.message)) return issue.message;
  const expected = issue.kind === "schema" ? namesOf(issue.expected ?? "another value") : demandOf(issue);
  return `expected ${expected}, found ${foundIn(issue)}`;
}

/** A picklist and a union are `("a" | "b")`. */
function namesOf(expected: string): string {
  const names = expected
    .replace(/^\((.*)\)$/, "$1")
    .split(" | ")
    .map((name) => NAMES[name] ?? name.replace(/^"(.*)"$/, "$1"));
  return names.length > 1 ? `one of ${names.join(", ")}` : names.join("");
}

function demandOf({ type, requirement, expected }: v.BaseIssue<unknown>): string {
  const limit = String(requirement);
  if (type === "min_value") return `at least ${limit}`;
  if (type === "max_value") return `at most ${limit}`;
  if (type === "integer" || type === "safe_integer") return "a whole number";
  if (type === "min_length") return `at least ${limit} characters or items`;
  if (type === "max_length") return `at most ${limit} characters or items`;
  return expected ?? "another value";
}
