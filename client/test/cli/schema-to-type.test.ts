import { describe, expect, test } from "vitest";
import { schemaToType } from "../../src/cli/schema-to-type.js";

describe("a schema as a type", () => {
  const object = (properties: object, more: object = {}) => ({
    type: "object",
    additionalProperties: false,
    properties,
    ...more,
  });
  test.each([
    [true, "unknown"],
    [false, "never"],
    [{}, "unknown"],
    [{ type: "integer" }, "number"],
    [{ type: ["string", "null"] }, "string | null"],
    [{ enum: ["a", 1, null] }, '"a" | 1 | null'],
    [{ const: "a | b" }, '"a | b"'],
    [{ type: "array", items: { type: ["string", "number"] } }, "(string | number)[]"],
    [{ type: "array", prefixItems: [{ type: "string" }], items: false }, "[string?]"],
    [{ type: "array", prefixItems: [{ type: "string" }] }, "[string?, ...unknown[]]"],
    [object({ a: { type: "string" }, "b-c": {} }, { required: ["a"] }), '{ a: string; "b-c"?: unknown }'],
    [object({}), "Record<string, never>"],
    [{ type: "object", properties: { a: { type: "string" } } }, "{ a?: string; [member: string]: unknown }"],
    [{ required: ["a"] }, "{ a: unknown; [member: string]: unknown }"],
    [{ anyOf: [{ type: "string" }, { type: "number" }] }, "string | number"],
    [{ allOf: [object({ a: { type: "string" } }), object({ b: { type: "null" } })] }, "{ a?: string } & { b?: null }"],
    [{ type: "string", anyOf: [{ const: "a" }, { const: "b" }] }, 'string & ("a" | "b")'],
    [{ $defs: { x: { type: "string" } }, type: "array", items: { $ref: "#/$defs/x" } }, "string[]"],
    [{ $defs: { x: { $anchor: "here", type: "string" } }, $ref: "#here" }, "string"],
  ])("%j is %s", (schema, type) => {
    expect(schemaToType(schema)).toBe(type);
  });

  test("a schema that contains itself ends", () => {
    const schema = { type: "object", properties: { child: { $ref: "#" } } };
    expect(schemaToType(schema)).toContain("child?: unknown");
  });
});
