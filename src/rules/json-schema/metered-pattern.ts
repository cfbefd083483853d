import type { WorkMeter } from "../../model/work-meter";
import { stepsOfPattern } from "../pattern-safety";
import { LONGEST_TEXT } from "../schema-limits";

/** Steps of a pattern that weigh as much as one unit of work. */
const STEPS_PER_UNIT = 8;

/**
 * Compiles a pattern that `checkPattern` has passed. A match is charged with the most steps that the pattern may take with
 * a text of this length, rounded up to a power of two: they are known before it runs, and nothing can stop it then.
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
