/** The members of a JSON Schema may have any value. */
type Json = unknown;

/** The depth to which schemas are followed; deeper types are `unknown`. */
const MAX_DEPTH = 20;

/**
 * Writes a JSON Schema (draft 2020-12) as a TypeScript type. If TypeScript cannot express a constraint (patterns, ranges,
 * `not`), the type is wider, never narrower.
 *
 * @param root the whole schema, in which `$ref` is looked up
 */
export function schemaToType(schema: Json, root: Json = schema, depth = 0): string {
  if (!isObject(schema)) return schema === false ? "never" : "unknown";
  if (depth > MAX_DEPTH) return "unknown";
  const below = (part: Json) => schemaToType(part, root, depth + 1);
  if (typeof schema.$ref === "string") return below(resolve(schema.$ref, root));
  if ("const" in schema) return literal(schema.const);
  if (Array.isArray(schema.enum)) return union(schema.enum.map(literal));
  const parts = [ownType(schema, below)];
  for (const key of ["anyOf", "oneOf"]) {
    const alternatives = schema[key];
    if (Array.isArray(alternatives)) parts.push(union(alternatives.map(below)));
  }
  if (Array.isArray(schema.allOf)) parts.push(...schema.allOf.map(below));
  return intersection(parts);
}

/** The type of a schema alone: its types, or those that its keywords imply. */
function ownType(schema: Record<string, Json>, below: (part: Json) => string): string {
  const stated = Array.isArray(schema.type) ? schema.type : schema.type === undefined ? implied(schema) : [schema.type];
  return union(
    stated.map((type) => {
      switch (type) {
        case "string":
        case "boolean":
        case "null":
          return type;
        case "number":
        case "integer":
          return "number";
        case "array":
          return arrayType(schema, below);
        case "object":
          return objectType(schema, below);
        default:
          return "unknown";
      }
    }),
  );
}

function implied(schema: Record<string, Json>): string[] {
  return "properties" in schema || "required" in schema ? ["object"] : ["unknown"];
}

function arrayType(schema: Record<string, Json>, below: (part: Json) => string): string {
  const items = schema.items === undefined ? "unknown" : below(schema.items);
  if (!Array.isArray(schema.prefixItems)) return `${wrapped(items)}[]`;
  // Items of a tuple may be missing, unless the schema requires them.
  const rest = items === "never" ? [] : [`...${wrapped(items)}[]`];
  return `[${[...schema.prefixItems.map((item) => `${wrapped(below(item))}?`), ...rest].join(", ")}]`;
}

function objectType(schema: Record<string, Json>, below: (part: Json) => string): string {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  const names = [...new Set([...Object.keys(properties), ...required].map(String))];
  const members = names.map((name) => {
    const type = name in properties ? below(properties[name]) : "unknown";
    return `${propertyName(name)}${required.has(name) ? "" : "?"}: ${type}`;
  });
  // Other members are allowed unless forbidden, and may have any type, because an index signature also applies to the named
  // ones.
  if (schema.additionalProperties !== false) members.push("[member: string]: unknown");
  return members.length === 0 ? "Record<string, never>" : `{ ${members.join("; ")} }`;
}

export function propertyName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

function literal(value: Json): string {
  if (value === null || ["string", "number", "boolean"].includes(typeof value)) return JSON.stringify(value);
  return Array.isArray(value) ? "unknown[]" : "object";
}

/** `#`, `#/$defs/name`, or `#anchor`. */
function resolve(ref: string, root: Json): Json {
  if (ref === "#") return root;
  if (!ref.startsWith("#/")) return findAnchor(root, ref.slice(1), 0);
  let place = root;
  for (const step of ref.slice(2).split("/")) {
    const key = decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(place)) place = place[Number(key)];
    else place = isObject(place) ? place[key] : undefined;
  }
  return place;
}

function findAnchor(schema: Json, anchor: string, depth: number): Json {
  if (typeof schema !== "object" || schema === null || depth > MAX_DEPTH) return undefined;
  if (isObject(schema) && schema.$anchor === anchor) return schema;
  for (const part of Object.values(schema)) {
    const found = findAnchor(part, anchor, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

function union(types: readonly string[]): string {
  const distinct = [...new Set(types)];
  if (distinct.length === 0) return "never";
  return distinct.includes("unknown") ? "unknown" : distinct.map((type) => wrapped(type, "&")).join(" | ");
}

function intersection(types: readonly string[]): string {
  const distinct = [...new Set(types)].filter((type) => type !== "unknown");
  return distinct.length === 0
    ? "unknown"
    : distinct.map((type) => (distinct.length > 1 ? wrapped(type) : type)).join(" & ");
}

/** In parentheses if the type has an operator outside of its brackets. */
function wrapped(type: string, operators = "|&"): string {
  let level = 0;
  for (const character of type.replace(/"(?:[^"\\]|\\.)*"/g, "")) {
    if ("{[(<".includes(character)) level++;
    else if ("}])>".includes(character)) level--;
    else if (level === 0 && operators.includes(character)) return `(${type})`;
  }
  return type;
}

function isObject(value: Json): value is Record<string, Json> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
