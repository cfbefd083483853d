import { format as formats } from "@cfworker/json-schema";
import type { WorkMeter } from "../../model/work-meter";
import { ASSERTED_FORMATS } from "../schema-keywords";

/**
 * Longer texts cannot have these formats. The longest possible is an e-mail address of 318 characters. A time may have
 * any number of decimals, but nobody writes 250.
 */
const MAX_FORMAT_CHARACTERS = 320;

/** Formats of any length. Their patterns take linear time. */
const UNBOUNDED = new Set(["uri", "uri-reference", "json-pointer", "relative-json-pointer"]);

/**
 * Returns a check whether a text has a format. A format that is not enforced is an annotation, which every text has.
 */
export function checkFormat(name: string): (text: string, meter: WorkMeter) => boolean {
  const hasFormat = ASSERTED_FORMATS.includes(name) ? formats[name] : undefined;
  if (hasFormat === undefined) return () => true;
  const isUnbounded = UNBOUNDED.has(name);
  return (text, meter) => {
    if (!isUnbounded && text.length > MAX_FORMAT_CHARACTERS) return false;
    meter.charge(FORMAT_UNITS + Math.ceil(text.length / CHARACTERS_PER_UNIT));
    return hasFormat(text);
  };
}

const FORMAT_UNITS = 8;
const CHARACTERS_PER_UNIT = 2;
