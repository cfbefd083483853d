import * as v from "valibot";
import { CountSchema } from "../../model/count";

/** What the operations that try a schema take and answer. */

/** How many of a type's newest events a check or a proposal looks at. */
export const MAX_STORED_SAMPLES = 500;
export const MAX_FAILED_SAMPLES = 200;

/** Groups in one answer, the largest first. */
export const MAX_GROUPS = 50;

export const ProposalSchema = v.object({
  category: v.string(),
  name: v.string(),
  drawn_from: v.pipe(
    CountSchema,
    v.description(`Stored events that it was drawn from: the newest ${MAX_STORED_SAMPLES} at most.`),
  ),
  schema: v.pipe(v.nullable(v.unknown()), v.description("Every one of these events fits it. null: none is stored.")),
});

export const CheckInput = v.strictObject({
  schema: v.pipe(v.unknown(), v.description("The candidate: a JSON Schema (draft 2020-12) for `data`.")),
});

const SampleSchema = v.object({
  session_id: v.nullable(v.string()),
  id: v.optional(v.pipe(v.string(), v.description("Of a stored event."))),
  error_id: v.optional(v.string()),
  message: v.string(),
});

export const CheckSchema = v.object({
  stored: v.pipe(
    v.object({ checked: CountSchema, pass: CountSchema, fail: CountSchema }),
    v.description(`The newest stored events of the type: ${MAX_STORED_SAMPLES} at most.`),
  ),
  failed: v.pipe(
    v.object({ checked: CountSchema, pass: CountSchema, fail: CountSchema }),
    v.description(
      `The newest failed events of the type: ${MAX_FAILED_SAMPLES} at most. Those that pass could be replayed.`,
    ),
  ),
  complete: v.pipe(
    v.boolean(),
    v.description("False if the work of validating came to an end before all of these events were checked."),
  ),
  groups: v.pipe(
    v.array(
      v.object({
        code: v.string(),
        path: v.pipe(v.string(), v.description("JSON pointer into the event, places in arrays as `*`.")),
        kind: v.pipe(v.string(), v.description("The keyword of the schema that is not met, or the code.")),
        stored: CountSchema,
        failed: CountSchema,
        samples: v.array(SampleSchema),
      }),
    ),
    v.description(`Why they fail, the most frequent first: ${MAX_GROUPS} at most.`),
  ),
});

export type Check = v.InferOutput<typeof CheckSchema>;
