import { type Schema, Validator } from "@cfworker/json-schema";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileSchema } from "../../../src/rules/compile-schema";
import { readSchema } from "../../../src/rules/read-schema";
import { payload, schemaArbitrary } from "./arbitraries";

describe.each([false, true])("any schema (references: %s) and any payload", (hasReferences) => {
  it("have the same verdict as in @cfworker/json-schema", () => {
    fc.assert(
      fc.property(schemaArbitrary(hasReferences), fc.array(payload, { minLength: 1, maxLength: 8 }), (schema, many) => {
        const read = readSchema(schema);
        fc.pre(read.ok);
        if (!read.ok) return;
        const check = compileSchema(read.schema);
        const other = new Validator(structuredClone(read.schema) as Schema, "2020-12", false);
        for (const data of many) {
          const failings = check(data);
          expect(failings.length === 0, JSON.stringify({ data, failings })).toBe(other.validate(data).valid);
        }
      }),
      { seed: 12, numRuns: 1_500 },
    );
  });
});
