import { createHash } from "node:crypto";

/** Sample keys are 0 to SAMPLE_KEYS - 1: 15 bits, which take two bytes of a row. */
export const SAMPLE_KEYS = 32_768;

/**
 * A session's (or visitor's) place among all, spread as evenly as its hash. Within a slot events are clustered by it, so that the
 * sessions of any share of the keys are read without the others: see storage/questions/. It follows from the id alone, and goes by
 * other bits of the hash than the session's database does.
 */
export function sampleKeyOf(id: string): number {
  return createHash("sha256").update(id).digest().readUInt16BE(4) >> 1;
}
