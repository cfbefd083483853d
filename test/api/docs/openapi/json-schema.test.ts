import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { jsonSchemaOf, namedJsonSchemas } from "../../../../src/api/docs/openapi/json-schema";
import { LimitParameter } from "../../../../src/http/request/parameters";
import { JsonObjectSchema } from "../../../../src/model/event/event";
import { MAX_PAGE_SIZE } from "../../../../src/model/limits";

describe("jsonSchemaOf", () => {
  it("describes a number in a URL as the number, with its default", () => {
    expect(jsonSchemaOf(LimitParameter)).toMatchObject({
      type: "integer",
      minimum: 1,
      maximum: MAX_PAGE_SIZE,
      default: 100,
    });
    expect(jsonSchemaOf(LimitParameter)).not.toHaveProperty("pattern");
  });

  it("describes a nullable value in one line", () => {
    expect(jsonSchemaOf(v.nullable(v.string()))).toEqual({ type: ["string", "null"] });
  });

  it("keeps other alternatives", () => {
    const alternatives = v.nullable(v.union([v.string(), v.number()]));
    expect(jsonSchemaOf(alternatives)).toEqual({
      anyOf: [{ anyOf: [{ type: "string" }, { type: "number" }] }, { type: "null" }],
    });
  });

  it("leaves out what JSON Schema cannot express, and includes what it can", () => {
    const schema = v.pipe(
      v.string(),
      v.minLength(1),
      v.check((text) => text !== "null"),
      v.description("Not null."),
    );
    expect(jsonSchemaOf(schema)).toEqual({ type: "string", minLength: 1, description: "Not null." });
  });
});

describe("jsonSchemaOf an object", () => {
  it("describes an object that only a check validates", () => {
    expect(jsonSchemaOf(v.pipe(JsonObjectSchema, v.description("Any.")))).toEqual({
      type: "object",
      description: "Any.",
    });
    expect(jsonSchemaOf(v.nullish(JsonObjectSchema))).toEqual({ type: ["object", "null"] });
  });

  it("describes where additional members are allowed", () => {
    expect(jsonSchemaOf(v.objectWithRest({}, v.unknown()))).toEqual({ type: "object", additionalProperties: true });
  });
});

describe("namedJsonSchemas", () => {
  it("refers by name to a schema inside another", () => {
    const Leaf = v.object({ text: v.string() });
    expect(namedJsonSchemas({ Leaf, Tree: v.object({ leaves: v.array(Leaf) }) })).toEqual({
      Leaf: { type: "object", properties: { text: { type: "string" } }, required: ["text"] },
      Tree: {
        type: "object",
        properties: { leaves: { type: "array", items: { $ref: "#/components/schemas/Leaf" } } },
        required: ["leaves"],
      },
    });
  });
});
