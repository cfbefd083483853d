import { propertyName, schemaToType } from "./schema-to-type.js";

export interface EventType {
  category: string;
  name: string;
  description: string | null;
  /** JSON Schema of `data`; null: any object. */
  schema: unknown;
}

const HEAD = "// Written by `npx the-eye types` from the registered event types. Changes by hand are lost.\n\n";

/** A TypeScript module with the interface `Events`. The same types give the same text, whatever their order. */
export function renderTypes(types: readonly EventType[]): string {
  const categories = new Map<string, EventType[]>();
  for (const type of [...types].sort(byName)) {
    categories.set(type.category, [...(categories.get(type.category) ?? []), type]);
  }
  const blocks = [...categories].map(([category, ofCategory]) => {
    const members = ofCategory.map(({ name, description, schema }) => {
      const comment =
        description === null ? "" : `    /** ${description.replace(/\s+/g, " ").replaceAll("*/", "* /")} */\n`;
      return `${comment}    ${propertyName(name)}: ${dataType(schema)};\n`;
    });
    return `  ${propertyName(category)}: {\n${members.join("")}  };\n`;
  });
  return `${HEAD}export interface Events {\n${blocks.join("")}}\n`;
}

function dataType(schema: unknown): string {
  const type = schema === null ? "unknown" : schemaToType(schema);
  // A payload is an object, even if its schema allows other types.
  return type === "unknown" ? "Record<string, unknown>" : type;
}

function byName(a: EventType, b: EventType): number {
  const [left, right] = [JSON.stringify([a.category, a.name]), JSON.stringify([b.category, b.name])];
  return left < right ? -1 : left > right ? 1 : 0;
}
