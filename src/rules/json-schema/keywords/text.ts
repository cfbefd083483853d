import type { WorkMeter } from "../../../model/work-meter";
import type { EnforcedSchema } from "../../read-schema";
import { checkFormat } from "../formats";
import { meteredPattern } from "../metered-pattern";
import { describe } from "../report";
import type { Check } from "../subschema";

/** `minLength`, `maxLength`, `pattern` and `format`. */
export function textChecks({ minLength, maxLength, pattern, format }: EnforcedSchema): Check<string>[] {
  const checks: Check<string>[] = [];
  if (typeof minLength === "number") {
    // A character has one or two UTF-16 units, so most texts need not be counted.
    checks.push((text, run, place) => {
      if (text.length >= 2 * minLength) return true;
      const characters = countCharacters(text, run.meter);
      if (characters >= minLength) return true;
      if (place !== null) {
        run.report.add(place, "minLength", `expected at least ${minLength} characters, found ${characters}`);
      }
      return false;
    });
  }
  if (typeof maxLength === "number") {
    checks.push((text, run, place) => {
      if (text.length <= maxLength) return true;
      const characters = countCharacters(text, run.meter);
      if (characters <= maxLength) return true;
      if (place !== null) {
        run.report.add(place, "maxLength", `expected at most ${maxLength} characters, found ${characters}`);
      }
      return false;
    });
  }
  if (typeof pattern === "string") {
    const matches = meteredPattern(pattern);
    checks.push((text, run, place) => {
      if (matches(text, run.meter)) return true;
      if (place !== null)
        run.report.add(place, "pattern", `expected a text that matches the pattern, found ${describe(text)}`);
      return false;
    });
  }
  if (typeof format === "string") {
    const hasFormat = checkFormat(format);
    checks.push((text, run, place) => {
      if (hasFormat(text, run.meter)) return true;
      if (place !== null) run.report.add(place, "format", `expected ${format}, found ${describe(text)}`);
      return false;
    });
  }
  return checks;
}

/** Unicode code points, as JSON Schema counts characters. */
function countCharacters(text: string, meter: WorkMeter): number {
  meter.charge(1 + (text.length >> 2));
  let characters = text.length;
  for (let i = 1; i < text.length; i++) {
    if ((text.charCodeAt(i) & 0xfc00) === 0xdc00 && (text.charCodeAt(i - 1) & 0xfc00) === 0xd800) characters -= 1;
  }
  return characters;
}
