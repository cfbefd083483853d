import type { WorkMeter } from "../../model/work-meter";
import { stepsOfPattern } from "../pattern-safety";
import { LONGEST_TEXT } from "../schema-limits";

/** Steps of a pattern that count as one unit of work. */
const STEPS_PER_UNIT = 8;

/**
 * Compiles a pattern that `checkPattern` accepted. A match is charged for the most steps that the pattern may take with
 * a text of this length, rounded up to a power of two. The charge comes first, because a running match cannot be
 * stopped.
 */
export function meteredPattern(source: string): (text: string, meter: WorkMeter) => boolean {
  const pattern = new RegExp(source, "u");
  const units: number[] = [];
  return (text, meter) => {
    const scale = text.length <= 1 ? 0 : 32 - Math.clz32(text.length - 1);
    units[scale] ??= 2 + Math.ceil(stepsOfPattern(source, Math.min(2 ** scale, LONGEST_TEXT)) / STEPS_PER_UNIT);
    meter.charge(units[scale]);
    return pattern.test(text);
  };
}
