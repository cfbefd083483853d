import * as v from "valibot";
import { CountSchema } from "./count";

/** Asks for one step of an erasure. It holds no state: what is done and what is next stands in the table `erasures`. */
export const ErasureMessageSchema = v.object({
  v: v.literal(1),
  erasure: v.string(),
  step: CountSchema,
});

export type ErasureMessage = v.InferOutput<typeof ErasureMessageSchema>;

/**
 * From the first pass of an erasure to its second, in seconds. The fence keeps writers away, and nothing should be left to find;
 * the second pass is for what nobody thought of, such as a database that was restored meanwhile.
 */
export const SECOND_PASS_SECONDS = 60;
