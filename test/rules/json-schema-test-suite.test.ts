import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { compileSchema } from "../../src/rules/compile-schema";
import { readSchema } from "../../src/rules/read-schema";

/**
 * The JSON Schema Test Suite from npm: the cases of draft 4 for the keywords that draft 2020-12 left unchanged. Changed
 * and new keywords have tables in their own tests.
 */

const SuiteSchema = v.array(
  v.object({
    description: v.string(),
    schema: v.unknown(),
    tests: v.array(v.object({ description: v.string(), data: v.unknown(), valid: v.boolean() })),
  }),
);

// Vite reads the files while it builds the test, since workerd cannot.
const files = (import.meta as unknown as { glob: (pattern: string, options: object) => Record<string, unknown> }).glob(
  "../../node_modules/json-schema-test-suite/tests/draft4/*.json",
  { eager: true, import: "default" },
);

const KEYWORDS = [
  ...["additionalProperties", "allOf", "anyOf", "default", "enum", "maxItems", "maxLength", "maxProperties", "maximum"],
  ...[
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "patternProperties",
  ],
  ...["properties", "required", "type", "uniqueItems"],
];

/** Groups that do not apply, with the reason. docs/event-types.md lists them. */
const EXCEPTIONS: Record<string, string> = {
  "patternProperties validates properties matching a regex": "f.*o takes quadratic time",
  "exclusiveMaximum validation": "a number since draft 6",
  "exclusiveMinimum validation": "a number since draft 6",
};

describe.each(KEYWORDS)("%s", (keyword) => {
  const file = Object.entries(files).find(([path]) => path.endsWith(`/${keyword}.json`));
  const groups = v.parse(SuiteSchema, file?.[1]);

  it.each(groups)("$description", ({ description, schema, tests }) => {
    const read = readSchema(schema);
    if (description in EXCEPTIONS) {
      expect(read.ok).toBe(false);
      return;
    }
    if (!read.ok) throw new Error(`${read.fault.path}: ${read.fault.reason}`);
    const check = compileSchema(read.schema);
    for (const { description: which, data, valid } of tests) expect(check(data).length === 0, which).toBe(valid);
  });
});
