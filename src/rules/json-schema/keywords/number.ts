import type { EnforcedSchema } from "../../read-schema";
import { isMultipleOf } from "../multiple-of";
import type { Check } from "../subschema";

/** `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum` and `multipleOf`. */
export function numberChecks(schema: EnforcedSchema): Check<number>[] {
  return [
    ...bound(schema, "minimum", "at least", (value, limit) => value >= limit),
    ...bound(schema, "maximum", "at most", (value, limit) => value <= limit),
    ...bound(schema, "exclusiveMinimum", "more than", (value, limit) => value > limit),
    ...bound(schema, "exclusiveMaximum", "less than", (value, limit) => value < limit),
    ...multipleOf(schema.multipleOf),
  ];
}

function bound(
  schema: EnforcedSchema,
  keyword: string,
  expected: string,
  holds: (value: number, limit: number) => boolean,
): Check<number>[] {
  const limit = schema[keyword];
  if (typeof limit !== "number") return [];
  return [
    (value, run, place) => {
      if (holds(value, limit)) return true;
      if (place !== null) run.report.add(place, keyword, `expected ${expected} ${limit}, found ${value}`);
      return false;
    },
  ];
}

function multipleOf(divisor: unknown): Check<number>[] {
  if (typeof divisor !== "number") return [];
  return [
    (value, run, place) => {
      if (isMultipleOf(value, divisor, run.meter)) return true;
      if (place !== null) run.report.add(place, "multipleOf", `expected a multiple of ${divisor}, found ${value}`);
      return false;
    },
  ];
}
