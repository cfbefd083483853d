import * as v from "valibot";
import { isJsonObject } from "../model/event/event";

/**
 * The enforced keywords of draft 2020-12, by the kind of their value. Every other keyword is an annotation: it is kept
 * with the schema and validates nothing.
 */

const count = v.pipe(v.number("a whole number"), v.safeInteger("a whole number"), v.minValue(0, "0 or more"));
const number = v.pipe(v.number("a number"), v.finite("a number"));
const names = v.pipe(
  v.array(v.string("texts"), "an array of texts"),
  v.check((texts) => new Set(texts).size === texts.length, "texts that are unique"),
);
const TYPES = ["null", "boolean", "object", "array", "number", "string", "integer"] as const;
const type = v.picklist(TYPES, `one of ${TYPES.join(", ")}`);

/** Keywords with plain values. */
export const VALUE_KEYWORDS: Readonly<Record<string, v.GenericSchema>> = {
  type: v.union(
    [type, v.pipe(v.array(type), v.minLength(1, "at least one of them"))],
    `one of ${TYPES.join(", ")}, or an array of them`,
  ),
  const: v.unknown(),
  enum: v.array(v.unknown(), "an array"),
  required: names,
  // A record of valibot also takes an array.
  dependentRequired: v.pipe(
    v.custom<Record<string, unknown>>(isJsonObject, "an object of arrays of texts"),
    v.record(v.string(), names, "an object of arrays of texts"),
  ),
  minimum: number,
  maximum: number,
  exclusiveMinimum: number,
  exclusiveMaximum: number,
  multipleOf: v.pipe(number, v.gtValue(0, "a number above 0")),
  minLength: count,
  maxLength: count,
  minItems: count,
  maxItems: count,
  minContains: count,
  maxContains: count,
  minProperties: count,
  maxProperties: count,
  uniqueItems: v.boolean("true or false"),
  pattern: v.string("a text"),
  format: v.string("a text"),
  $ref: v.string("a text"),
  $anchor: v.pipe(
    v.string("a text"),
    v.regex(/^[A-Za-z_][-A-Za-z0-9._]*$/, "a name of letters, digits, dash, dot and underscore"),
  ),
};

/**
 * What a keyword's subschemas validate: with `inPlace` the same value as the enclosing schema, otherwise its members or
 * items.
 */
type Reach = Readonly<Record<string, { inPlace: boolean }>>;

function reaches(inPlace: readonly string[], within: readonly string[]): Reach {
  return Object.fromEntries(
    [...inPlace, ...within].map((keyword) => [keyword, { inPlace: inPlace.includes(keyword) }]),
  );
}

/** Keywords with one subschema. */
export const SCHEMA_KEYWORDS: Reach = reaches(
  ["not", "if", "then", "else"],
  [...["items", "contains", "unevaluatedItems"], ...["additionalProperties", "unevaluatedProperties", "propertyNames"]],
);

export const SCHEMA_ARRAY_KEYWORDS: Reach = reaches(["allOf", "anyOf", "oneOf"], ["prefixItems"]);

export const SCHEMA_MAP_KEYWORDS: Reach = reaches(
  ["dependentSchemas"],
  ["properties", "patternProperties", "$defs", "definitions"],
);

/** Keywords that would change a schema's meaning but that the validator does not support. */
export const REFUSED_KEYWORDS: Readonly<Record<string, string>> = {
  $dynamicRef: "expected $ref instead",
  $dynamicAnchor: "expected $anchor instead",
  $recursiveRef: "expected $ref instead: this keyword belongs to draft 2019-09",
  $recursiveAnchor: "expected $anchor instead: this keyword belongs to draft 2019-09",
  dependencies: "expected dependentRequired or dependentSchemas: this keyword belongs to draft 7",
  additionalItems: "expected items beside prefixItems: this keyword belongs to draft 2019-09",
};

/** The formats that are validated. Every other format is an annotation. */
export const ASSERTED_FORMATS: readonly string[] = [
  ...["date", "time", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "uri", "uri-reference"],
  ...["uuid", "json-pointer", "relative-json-pointer"],
];

export const DIALECT = "https://json-schema.org/draft/2020-12/schema";
