import * as v from "valibot";
import { CountSchema } from "./count";

/** Requests one step of an erasure. The message holds no state; the table `erasures` records the progress. */
export const ErasureMessageSchema = v.object({
  v: v.literal(1),
  erasure: v.string(),
  step: CountSchema,
});

export type ErasureMessage = v.InferOutput<typeof ErasureMessageSchema>;

/**
 * Seconds between the first and the second pass of an erasure. The fence keeps writers away, so the second pass should
 * find nothing. It covers unforeseen cases, such as a database that was restored meanwhile.
 */
export const SECOND_PASS_SECONDS = 60;
