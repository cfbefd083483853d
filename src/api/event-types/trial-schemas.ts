import * as v from "valibot";
import { CountSchema } from "../../model/count";

/** The schemas of requests and responses of the operations that try a schema. */

/** The number of a type's newest events that a check or a proposal examines. */
export const MAX_STORED_SAMPLES = 500;
export const MAX_FAILED_SAMPLES = 200;

/** The most groups in one response, largest first. */
export const MAX_GROUPS = 50;

export const ProposalSchema = v.object({
  category: v.string(),
  name: v.string(),
  drawn_from: v.pipe(
    CountSchema,
    v.description(
      `The number of stored events from which it was derived: the newest ones, at most ${MAX_STORED_SAMPLES}.`,
    ),
  ),
  schema: v.pipe(
    v.nullable(v.unknown()),
    v.description("A schema that every one of these events matches. Null if none is stored."),
  ),
});

export const CheckInput = v.strictObject({
  schema: v.pipe(v.unknown(), v.description("The candidate: a JSON Schema (draft 2020-12) for `data`.")),
});

const SampleSchema = v.object({
  session_id: v.nullable(v.string()),
  id: v.optional(v.pipe(v.string(), v.description("The session and id of a stored event."))),
  error_id: v.optional(v.string()),
  message: v.string(),
});

export const CheckSchema = v.object({
  stored: v.pipe(
    v.object({ checked: CountSchema, pass: CountSchema, fail: CountSchema }),
    v.description(`The newest stored events of the type, at most ${MAX_STORED_SAMPLES}.`),
  ),
  failed: v.pipe(
    v.object({ checked: CountSchema, pass: CountSchema, fail: CountSchema }),
    v.description(
      `The newest failed events of the type, at most ${MAX_FAILED_SAMPLES}. Those that pass could be replayed.`,
    ),
  ),
  complete: v.pipe(
    v.boolean(),
    v.description("False if the limit on validation work was reached before all of these events were checked."),
  ),
  groups: v.pipe(
    v.array(
      v.object({
        code: v.string(),
        path: v.pipe(v.string(), v.description("A JSON pointer into the event, with `*` for any array index.")),
        kind: v.pipe(v.string(), v.description("The violated keyword of the schema, or the code.")),
        stored: CountSchema,
        failed: CountSchema,
        samples: v.array(SampleSchema),
      }),
    ),
    v.description(`Why events fail, most frequent first, at most ${MAX_GROUPS}.`),
  ),
});

export type Check = v.InferOutput<typeof CheckSchema>;
