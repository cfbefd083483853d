import { hash48 } from "../../model/event/short-hash.ts";

/** Sample keys are 0 to SAMPLE_KEYS - 1: 15 bits, which take two bytes of a row. */
export const SAMPLE_KEYS = 32_768;

/**
 * The sample key of a session (or visitor): an evenly distributed hash. Within a slot, events are clustered by it,
 * so that the sessions of any share of the keys are read without the others: see storage/questions/. It depends on
 * the id alone, and uses other bits of the hash than the choice of the session's database.
 */
export function sampleKeyOf(id: string): number {
  // The fifth and sixth byte of the SHA-256.
  return (hash48(id) % 0x10000) >> 1;
}
