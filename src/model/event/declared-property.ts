import * as v from "valibot";
import { MAX_PATH_CHARACTERS, parsePropertyPath, pathRule } from "./property-path";

/** Properties that one event type may declare. */
export const MAX_DECLARED_PROPERTIES = 16;

const MAX_TEMPLATE_CHARACTERS = 200;

/** A property of payloads that is counted when events are stored. */
export const DeclaredPropertySchema = v.strictObject({
  path: v.pipe(
    v.string(),
    v.maxLength(MAX_PATH_CHARACTERS),
    v.check(
      (text) => parsePropertyPath(text) !== null,
      ({ input }) => pathRule(input),
    ),
    v.description("Keys from the payload to the property, joined by dots: `path`, `form.first_name`."),
  ),
  kind: v.pipe(
    v.picklist(["text", "number"]),
    v.description("text: its values are counted. number: its sum, mean and percentiles are kept."),
  ),
  template: v.optional(
    v.nullable(
      v.pipe(
        v.string(),
        v.minLength(1),
        v.maxLength(MAX_TEMPLATE_CHARACTERS),
        v.description("Values that match count as one: `/p/:id` covers /p/17 and /p/18. Only for texts."),
      ),
    ),
    null,
  ),
});

export type DeclaredProperty = v.InferOutput<typeof DeclaredPropertySchema>;

export const DeclaredPropertiesSchema = v.pipe(
  v.array(DeclaredPropertySchema),
  v.maxLength(MAX_DECLARED_PROPERTIES, `expected at most ${MAX_DECLARED_PROPERTIES} properties`),
  v.check((all) => new Set(all.map(({ path }) => path)).size === all.length, "expected each path once"),
  v.description(
    "Properties of the payload that are counted when events are stored, so that queries about them work over any range.",
  ),
);
