import canonicalize from "canonicalize";
import { jsonText } from "./json-text";
import { isNestedDeeper } from "./nesting";

/**
 * Canonical JSON is written recursively and overflows the stack near 3,000 levels, which fit in 6 KB. Values nested
 * deeper than this limit are compared as sent, so two orders of members then count as two events.
 */
const MAX_CANONICAL_LEVELS = 500;

/** Deep enough for any payload that a person would make. */
const MAX_PLAIN_LEVELS = 20;

/**
 * The canonical text (RFC 8785) of a JSON value, independent of the order of its members. If the members are already in
 * order, JSON.stringify writes the canonical text, and faster.
 */
export function canonicalText(value: unknown): string {
  if (isInOrder(value, MAX_PLAIN_LEVELS)) return JSON.stringify(value) ?? "";
  if (isNestedDeeper(value, MAX_CANONICAL_LEVELS)) return jsonText(value);
  try {
    return canonicalize(value) ?? "";
  } catch {
    // It refuses a number beyond the range of a double, which JSON.parse reads as Infinity and JSON.stringify writes as null.
    return canonicalize(JSON.parse(jsonText(value))) ?? "";
  }
}

function isInOrder(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (levels === 0) return false;
  if (Array.isArray(value)) return value.every((item) => isInOrder(item, levels - 1));
  let previous = "";
  for (const [name, member] of Object.entries(value)) {
    if (name < previous || !isInOrder(member, levels - 1)) return false;
    previous = name;
  }
  return true;
}
