// biome-ignore-all lint/suspicious/noThenProperty: it is a keyword of JSON Schema, and nothing here is awaited
import fc from "fast-check";

/**
 * Schemas from a grammar with every enforced keyword, and payloads with the same few names and values, so that they
 * often match. A schema may be refused: the caller passes it to `readSchema`.
 */

const NAMES = ["a", "b", "c", "d1", "__proto__", "x/y~z"];
const name = fc.constantFrom(...NAMES);
const scalar = fc.constantFrom<unknown>(null, true, false, 0, 1, -0, 2, 2.5, 1e300, "", "a", "ab", "2026-02-28", "💩");
const bound = fc.constantFrom(-1, 0, 1, 2, 2.5);
const count = fc.constantFrom(0, 1, 2, 3);
const pattern = fc.constantFrom("^[a-c]", "1$", "^.{1,2}$", "x", "^(?:a|b)+$");

export const payload: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: "small" },
    scalar,
    fc.array(tie("value"), { maxLength: 5 }),
    // Built from entries, because a member may be named __proto__.
    fc.array(fc.tuple(name, tie("value")), { maxLength: 5 }).map((entries) => Object.fromEntries(entries)),
  ),
})).value;

function mapOf<Value>(keys: fc.Arbitrary<string>, values: fc.Arbitrary<Value>) {
  return fc.array(fc.tuple(keys, values), { minLength: 1, maxLength: 3 }).map((entries) => Object.fromEntries(entries));
}

const REFERENCES = ["#", "#/$defs/a", "#/$defs/b", "#/properties/a", "#/items", "#/anyOf/0"];

/** @param hasReferences to the schema itself and to its `$defs`, which half of them have */
export function schemaArbitrary(hasReferences: boolean): fc.Arbitrary<unknown> {
  const { schema } = fc.letrec<{ schema: unknown }>((tie) => {
    const one = tie("schema");
    const some = fc.array(one, { minLength: 1, maxLength: 3 });
    const keywords: Record<string, fc.Arbitrary<unknown>> = {
      type: fc.constantFrom<unknown>("object", "array", "string", "number", "integer", ["null", "boolean", "integer"]),
      enum: fc.array(payload, { maxLength: 4 }),
      const: payload,
      required: fc.uniqueArray(name, { maxLength: 3 }),
      dependentRequired: mapOf(name, fc.uniqueArray(name, { maxLength: 2 })),
      ...{ minimum: bound, maximum: bound, exclusiveMinimum: bound, exclusiveMaximum: bound },
      multipleOf: fc.constantFrom(1, 2, 0.5, 0.1, 1e-300),
      ...{ minLength: count, maxLength: count, minItems: count, maxItems: count },
      ...{ minContains: count, maxContains: count, minProperties: count, maxProperties: count },
      uniqueItems: fc.constant(true),
      pattern,
      format: fc.constantFrom("date", "uri", "email", "json-pointer"),
      ...{ not: one, if: one, then: one, else: one, items: one, contains: one, propertyNames: one },
      ...{ additionalProperties: one, unevaluatedProperties: one, unevaluatedItems: one },
      ...{ allOf: some, anyOf: some, oneOf: some, prefixItems: some },
      ...{ properties: mapOf(name, one), dependentSchemas: mapOf(name, one), patternProperties: mapOf(pattern, one) },
      ...(hasReferences ? { $ref: fc.constantFrom(...REFERENCES), $defs: mapOf(fc.constantFrom("a", "b"), one) } : {}),
    };
    const entry = fc
      .constantFrom(...Object.keys(keywords))
      .chain((keyword) => fc.tuple(fc.constant(keyword), keywords[keyword] ?? one));
    return {
      schema: fc.oneof(
        { maxDepth: 4, depthSize: "small" },
        fc.boolean(),
        fc.array(entry, { minLength: 1, maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
      ),
    };
  });
  return schema;
}
