import { type ConversionConfig, type JsonSchema, toJsonSchema, toJsonSchemaDefs } from "@valibot/to-json-schema";
import type * as v from "valibot";
import { isJsonObject } from "../../../model/event/event";

/**
 * From the schemas that validate to those of the document. OpenAPI 3.1 takes JSON Schema of draft 2020-12. A rule that
 * JSON Schema cannot express (`v.check`) is left out of it; the schema's description tells it.
 */
const CONVERSION = {
  target: "draft-2020-12",
  errorMode: "ignore",
  overrideAction({ valibotAction: action, jsonSchema }) {
    // Numbers travel in a URL as text. What is documented is the number, not the pattern of its digits.
    const isNumber = action.type === "to_number" || ("operation" in action && action.operation === Number);
    if (!isNumber) return null;
    const { pattern: _, ...rest } = jsonSchema;
    return { ...rest, type: "integer" };
  },
  overrideSchema({ valibotSchema, jsonSchema }) {
    // See JsonObjectSchema: what a custom check takes, only this place can say.
    if ("check" in valibotSchema && valibotSchema.check === isJsonObject) return { ...jsonSchema, type: "object" };
    return withoutNoise(jsonSchema);
  },
  overrideRef: ({ referenceId }) => schemaReference(referenceId).$ref,
} satisfies ConversionConfig;

/** Where a named schema stands in the document. */
export function schemaReference(name: string): { $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}

/** The schema of one value, without references. */
export function jsonSchemaOf(schema: v.GenericSchema): JsonSchema {
  const { $schema: _, ...converted } = toJsonSchema(schema, CONVERSION);
  // The schema knows its default as it stands in a URL.
  if (converted.type === "integer" && typeof converted.default === "string") {
    return { ...converted, default: Number(converted.default) };
  }
  return converted;
}

/** Named schemas, which refer to each other where one holds another. */
export function namedJsonSchemas(schemas: Record<string, v.GenericSchema>): Record<string, JsonSchema> {
  return toJsonSchemaDefs(schemas, CONVERSION);
}

/** What says nothing, and what is said more shortly: readers of the reference see it as it stands here. */
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
