import { type ConversionConfig, type JsonSchema, toJsonSchema, toJsonSchemaDefs } from "@valibot/to-json-schema";
import type * as v from "valibot";
import { isJsonObject } from "../../../model/event/event";

/**
 * Converts the schemas that validate to those of the document. OpenAPI 3.1 uses JSON Schema draft 2020-12. A rule
 * that JSON Schema cannot express (`v.check`) is left out, and the schema's description states it.
 */
const CONVERSION = {
  target: "draft-2020-12",
  errorMode: "ignore",
  overrideAction({ valibotAction: action, jsonSchema }) {
    // A URL carries numbers as text. The document describes the number, not the pattern of its digits.
    const isNumber = action.type === "to_number" || ("operation" in action && action.operation === Number);
    if (!isNumber) return null;
    const { pattern: _, ...rest } = jsonSchema;
    return { ...rest, type: "integer" };
  },
  overrideSchema({ valibotSchema, jsonSchema }) {
    // See JsonObjectSchema: only this place can describe what a custom check accepts.
    if ("check" in valibotSchema && valibotSchema.check === isJsonObject) return { ...jsonSchema, type: "object" };
    return withoutNoise(jsonSchema);
  },
  overrideRef: ({ referenceId }) => schemaReference(referenceId).$ref,
} satisfies ConversionConfig;

/** The reference to a named schema of the document. */
export function schemaReference(name: string): { $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}

/** The schema of one value, without references. */
export function jsonSchemaOf(schema: v.GenericSchema): JsonSchema {
  const { $schema: _, ...converted } = toJsonSchema(schema, CONVERSION);
  // The schema has its default in the form of a URL parameter.
  if (converted.type === "integer" && typeof converted.default === "string") {
    return { ...converted, default: Number(converted.default) };
  }
  return converted;
}

/** Named schemas, with references between them. */
export function namedJsonSchemas(schemas: Record<string, v.GenericSchema>): Record<string, JsonSchema> {
  return toJsonSchemaDefs(schemas, CONVERSION);
}

/** Removes what has no meaning and shortens the rest, because readers of the reference see the schema in this form. */
function withoutNoise({ required, properties, propertyNames: _, anyOf, ...others }: JsonSchema): JsonSchema {
  const { additionalProperties } = others;
  const takesAny = typeof additionalProperties === "object" && Object.keys(additionalProperties).length === 0;
  const rest = takesAny ? { ...others, additionalProperties: true } : others;
  const [value, nothing] = anyOf ?? [];
  const isNullable = typeof value === "object" && isTypeNull(nothing) && anyOf?.length === 2;
  if (isNullable && typeof value.type === "string") return { ...rest, ...value, type: [value.type, "null"] };
  return {
    ...rest,
    ...(anyOf === undefined ? {} : { anyOf }),
    ...(properties === undefined || Object.keys(properties).length === 0 ? {} : { properties }),
    ...(required === undefined || required.length === 0 ? {} : { required }),
  };
}

function isTypeNull(schema: JsonSchema | boolean | undefined): boolean {
  return typeof schema === "object" && schema.type === "null";
}
