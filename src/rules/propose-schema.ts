import { isJsonObject } from "../model/event/event";
import { compileSchema } from "./compile-schema";
import { DIALECT } from "./schema-keywords";

/** Levels of objects and arrays that a proposal describes. */
const MAX_LEVELS = 8;

/** Members that a proposal lists for an object. One with more is probably a map with arbitrary names. */
const MAX_MEMBERS = 50;

/** Formats worth proposing. Nearly any text is a relative URI or a JSON pointer. */
const FORMATS = ["uuid", "date-time", "date", "email", "ipv4", "ipv6", "uri"] as const;

/** Subschemas in a proposal, below the limit for registering it. */
const MAX_PROPOSED = 200;

type Proposal = Record<string, unknown>;

const checkFormat = new Map(FORMATS.map((format) => [format, compileSchema({ format })] as const));

/**
 * Proposes a schema that all given payloads match: types, members that are always present, formats that all texts have.
 * It allows further members and lists no values, since a sample does not show everything that may come.
 */
export function proposeSchema(payloads: readonly unknown[]): Proposal {
  const budget = { left: MAX_PROPOSED };
  return { $schema: DIALECT, ...propose(payloads, 0, budget) };
}

function propose(values: readonly unknown[], level: number, budget: { left: number }): Proposal {
  budget.left -= 1;
  const types = [...new Set(values.map(typeOf))];
  // "number" includes "integer".
  const kinds = types.includes("number") ? types.filter((type) => type !== "integer") : types;
  const [only] = kinds;
  if (only === undefined) return {};
  const proposal: Proposal = { type: kinds.length === 1 ? only : kinds.sort() };
  const objects = values.filter(isJsonObject);
  if (objects.length > 0 && level < MAX_LEVELS) Object.assign(proposal, proposeMembers(objects, level, budget));
  const arrays = values.filter((value) => Array.isArray(value));
  const items: unknown[] = arrays.flat(1);
  if (items.length > 0 && level < MAX_LEVELS && budget.left > 0) proposal.items = propose(items, level + 1, budget);
  const texts = values.filter((value) => typeof value === "string");
  const format = texts.length === 0 ? undefined : FORMATS.find((one) => texts.every((text) => hasFormat(one, text)));
  if (format !== undefined) proposal.format = format;
  return proposal;
}

function proposeMembers(objects: Record<string, unknown>[], level: number, budget: { left: number }): Proposal {
  const members = new Map<string, unknown[]>();
  for (const object of objects) {
    for (const [name, value] of Object.entries(object)) {
      const values = members.get(name);
      if (values === undefined) members.set(name, [value]);
      else values.push(value);
    }
  }
  const names = [...members.keys()].filter((name) => name.isWellFormed()).sort();
  if (names.length > Math.min(MAX_MEMBERS, budget.left)) return {};
  const required = names.filter((name) => members.get(name)?.length === objects.length);
  return {
    // Built from entries, because a member may be named __proto__.
    properties: Object.fromEntries(names.map((name) => [name, propose(members.get(name) ?? [], level + 1, budget)])),
    ...(required.length === 0 ? {} : { required }),
  };
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

function hasFormat(format: (typeof FORMATS)[number], text: string): boolean {
  return checkFormat.get(format)?.(text).length === 0;
}
