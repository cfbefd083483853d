import canonicalize from "canonicalize";
import { jsonText } from "./json-text";
import { isNestedDeeper } from "./nesting";

/**
 * Canonical JSON is written by recursion and overflows the stack near 3,000 levels, which 6 KB can hold. What is nested
 * deeper than this is compared as it stands: an event in two orders of members then counts as two.
 */
const MAX_CANONICAL_LEVELS = 500;

/** Deep enough for any payload that a person would make. */
const MAX_PLAIN_LEVELS = 20;

/**
 * The canonical text (RFC 8785) of a value that came as JSON: the same whatever the order of its members. A value whose
 * members are in order is canonical as JavaScript writes it, at once rather than member by member.
 */
export function canonicalText(value: unknown): string {
  if (isInOrder(value, MAX_PLAIN_LEVELS)) return JSON.stringify(value) ?? "";
  return isNestedDeeper(value, MAX_CANONICAL_LEVELS) ? jsonText(value) : (canonicalize(value) ?? "");
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
