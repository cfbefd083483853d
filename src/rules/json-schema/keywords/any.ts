import { MAX_COMPARED_LEVELS } from "../../../model/json/json-equality";
import { jsonText } from "../../../model/json/json-text";
import { isNestedDeeper } from "../../../model/json/nesting";
import type { EnforcedSchema } from "../../read-schema";
import { HashedValues, unmetered } from "../hashed-values";
import { cut, describe } from "../report";
import type { Check } from "../subschema";

/** `type`, `enum` and `const`. */
export function anyChecks({ type, enum: values, ...schema }: EnforcedSchema): Check[] {
  const checks: Check[] = [];
  if (type !== undefined) checks.push(checkType(Array.isArray(type) ? type.map(String) : [String(type)]));
  if (Array.isArray(values)) {
    checks.push(checkAmong(values, "enum", `one of ${cut(jsonText(values).slice(1, -1), 100)}`));
  }
  if (Object.hasOwn(schema, "const")) {
    checks.push(checkAmong([schema.const], "const", cut(jsonText(schema.const), 100)));
  }
  return checks;
}

function checkType(types: readonly string[]): Check {
  const expected = types.join(" or ");
  return (value, run, place) => {
    const type = typeOf(value);
    if (types.includes(type)) return true;
    if (type === "number" && types.includes("integer") && Number.isInteger(value)) return true;
    if (place !== null) run.report.add(place, "type", `expected ${expected}, found ${describe(value)}`);
    return false;
  };
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function checkAmong(values: readonly unknown[], keyword: string, expected: string): Check {
  // No payload is nested this deeply, so none equals a value that is removed here.
  const comparable = values.filter((value) => !isNestedDeeper(value, MAX_COMPARED_LEVELS));
  const among = new HashedValues(comparable, unmetered());
  const hasObjects = comparable.some((value) => typeof value === "object" && value !== null);
  const longest = Math.max(-1, ...comparable.map((value) => (typeof value === "string" ? value.length : -1)));
  // A value that is too large to be among them need not be hashed.
  const mayBeAmong = (value: unknown) =>
    typeof value === "string" ? value.length <= longest : hasObjects || typeof value !== "object" || value === null;
  return (value, run, place) => {
    if (mayBeAmong(value) && among.has(value, run.meter)) return true;
    if (place !== null) run.report.add(place, keyword, `expected ${expected}, found ${describe(value)}`);
    return false;
  };
}
