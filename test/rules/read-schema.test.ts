import { describe, expect, it } from "vitest";
import { readSchema } from "../../src/rules/read-schema";
import { MAX_SCHEMA_BYTES, MAX_SCHEMA_DEPTH, MAX_SUBSCHEMAS } from "../../src/rules/schema-limits";

const nested = (levels: number): unknown => (levels === 1 ? {} : { items: nested(levels - 1) });

describe("a schema is accepted", () => {
  it.each<[string, unknown]>([
    ["if it is empty", {}],
    ["true", true],
    ["false", false],
    [
      "with its dialect and id",
      { $schema: "https://json-schema.org/draft/2020-12/schema", $id: "https://x.example/s" },
    ],
    ["with references within itself", { $defs: { a: { type: "string" } }, properties: { b: { $ref: "#/$defs/a" } } }],
    ["with an anchor", { $defs: { a: { $anchor: "here" } }, properties: { b: { $ref: "#here" } } }],
    ["with a reference to itself for a member of the payload", { properties: { child: { $ref: "#" } } }],
    ["with an escaped reference", { $defs: { "a/b c": {} }, items: { $ref: "#/$defs/a~1b%20c" } }],
    ["with unknown keywords", { "x-owner": { $ref: 7 }, properties: {} }],
    ["at the maximum depth", nested(MAX_SCHEMA_DEPTH)],
  ])("%s", (_, schema) => {
    expect(readSchema(schema)).toMatchObject({ ok: true });
  });

  it("and reduced to the enforced keywords", () => {
    expect(readSchema({ title: "T", properties: { a: { format: "color", description: "A" } }, examples: [1] })).toEqual(
      {
        ok: true,
        schema: { properties: { a: {} } },
      },
    );
  });
});

describe("a schema is refused, with the place", () => {
  it.each<[string, unknown, string]>([
    ["not a schema", 7, ""],
    ["an array", [], ""],
    ["an unknown type", { type: "text" }, "/type"],
    ["a type that is not a text", { properties: { a: { type: ["string", 7] } } }, "/properties/a/type"],
    ["a wrong count", { properties: { a: { minLength: -1 } } }, "/properties/a/minLength"],
    ["a wrong list", { required: "a" }, "/required"],
    ["a name required twice", { required: ["a", "a"] }, "/required"],
    ["a wrong subschema", { properties: { "a/b": 7 } }, "/properties/a~1b"],
    ["an empty combination", { anyOf: [] }, "/anyOf"],
    ["a divisor of zero", { multipleOf: 0 }, "/multipleOf"],
    ["another dialect", { $schema: "http://json-schema.org/draft-07/schema#" }, "/$schema"],
    ["a reference elsewhere", { items: { $ref: "https://x.example/s" } }, "/items/$ref"],
    ["a reference to nothing", { $ref: "#/$defs/a" }, "/$ref"],
    [
      "a reference to something that is not a schema",
      { properties: {}, items: { $ref: "#/properties" } },
      "/items/$ref",
    ],
    ["a reference to an annotation", { examples: [{}], items: { $ref: "#/examples/0" } }, "/items/$ref"],
    ["a dynamic reference", { $dynamicRef: "#a" }, "/$dynamicRef"],
    ["an id in a subschema", { items: { $id: "https://x.example/s" } }, "/items/$id"],
    ["an anchor twice", { $defs: { a: { $anchor: "x" }, b: { $anchor: "x" } } }, "/$defs/b/$anchor"],
    ["a keyword of an older draft", { dependencies: {} }, "/dependencies"],
    ["a circular reference", { $ref: "#" }, ""],
    [
      "a circular reference through others",
      { $defs: { a: { allOf: [{ $ref: "#/$defs/b" }] }, b: { not: { $ref: "#/$defs/a" } } } },
      "/$defs/a",
    ],
    ["an unsafe pattern", { properties: { a: { pattern: "^(a+)+$" } } }, "/properties/a/pattern"],
    ["an unsafe pattern for names", { patternProperties: { "^(a+)+$": {} } }, "/patternProperties/^(a+)+$"],
    ["a schema that is too deep", nested(MAX_SCHEMA_DEPTH + 1), "/items".repeat(MAX_SCHEMA_DEPTH)],
    ["a schema that is too large", { title: "x".repeat(MAX_SCHEMA_BYTES) }, ""],
    ["too many subschemas", { allOf: Array(MAX_SUBSCHEMAS).fill(true) }, `/allOf/${MAX_SUBSCHEMAS - 1}`],
  ])("%s", (_, schema, path) => {
    expect(readSchema(schema)).toEqual({ ok: false, fault: { path, reason: expect.stringMatching(/^expected/) } });
  });

  it("if all its patterns together take too long", () => {
    const allOf = Array.from({ length: 300 }, (_, index) => ({ pattern: `^.*x${index}$` }));
    expect(readSchema({ allOf })).toMatchObject({
      ok: false,
      fault: { path: expect.stringMatching(/^\/allOf\/\d+\/pattern$/) },
    });
  });
});
