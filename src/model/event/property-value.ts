/** Longer texts are cut, since a row of counts holds many of them. */
export const MAX_VALUE_CHARACTERS = 500;

/**
 * The text by which a property's value is grouped and filtered: texts unchanged, numbers and booleans as in JSON. Null
 * for a missing value, null, objects and arrays.
 */
export function valueText(value: unknown): string | null {
  if (typeof value === "string") return value.slice(0, MAX_VALUE_CHARACTERS);
  return typeof value === "number" || typeof value === "boolean" ? String(value) : null;
}

/**
 * Turns values that match a template into the template: with `/p/:id` both `/p/17` and `/p/18` become `/p/:id`. A
 * segment that begins with a colon matches any text without a slash.
 */
export function templated(template: string | null): (text: string) => string {
  if (template === null) return (text) => text;
  const parts = template.split("/").map((part) => (part.startsWith(":") ? "[^/]+" : escapePattern(part)));
  const pattern = new RegExp(`^${parts.join("/")}$`, "u");
  return (text) => (pattern.test(text) ? template : text);
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

/** A filter on one property: the value must match one of `any`, unless that is empty, and none of `none`. */
export interface ValueFilter {
  any: readonly ValuePattern[];
  none: readonly ValuePattern[];
}

export type ValuePattern = { kind: "is"; text: string } | { kind: "begins"; text: string };

export const VALUE_FILTER_RULE =
  "a value; with a final *, a prefix; after not:, everything else. A backslash before * or not: makes it literal";

/** Parses the values of a filter from a URL. */
export function parseValueFilter(values: readonly string[]): ValueFilter {
  const isNegated = (value: string) => value.startsWith("not:");
  return {
    any: values.filter((value) => !isNegated(value)).map(parsePattern),
    none: values.filter(isNegated).map((value) => parsePattern(value.slice("not:".length))),
  };
}

function parsePattern(value: string): ValuePattern {
  const given = value.startsWith("\\not:") ? value.slice(1) : value;
  if (given.endsWith("\\*")) return { kind: "is", text: `${given.slice(0, -2)}*` };
  return given.endsWith("*") ? { kind: "begins", text: given.slice(0, -1) } : { kind: "is", text: given };
}

/**
 * @param text null if the event has no such value, which matches no pattern and so passes a filter that only excludes
 */
export function matchesFilter({ any, none }: ValueFilter, text: string | null): boolean {
  const matches = (pattern: ValuePattern) =>
    text !== null && (pattern.kind === "is" ? text === pattern.text : text.startsWith(pattern.text));
  return (any.length === 0 || any.some(matches)) && !none.some(matches);
}
