/** Longer texts are cut: a row of counts holds many of them. */
export const MAX_VALUE_CHARACTERS = 500;

/**
 * The value of a property as it is grouped and filtered by: texts as they are, numbers and booleans as JSON writes them. Null
 * where there is none, and for objects and arrays.
 */
export function valueText(value: unknown): string | null {
  if (typeof value === "string") return value.slice(0, MAX_VALUE_CHARACTERS);
  return typeof value === "number" || typeof value === "boolean" ? String(value) : null;
}

/**
 * Turns values that match a template into the template: with `/p/:id` both `/p/17` and `/p/18` become `/p/:id`. A part of the
 * template that begins with a colon stands for any text without a slash.
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

/** What the values of one property must be: any of `any`, if there are some, and none of `none`. */
export interface ValueFilter {
  any: readonly ValuePattern[];
  none: readonly ValuePattern[];
}

export type ValuePattern = { kind: "is"; text: string } | { kind: "begins"; text: string };

export const VALUE_FILTER_RULE =
  "a value; with * at its end: a prefix; with not: before it: everything else. A backslash takes a * or not: as text";

/** Reads the values of a filter, as they stand in a URL. */
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

/** @param text null: the event has no such value. That matches no pattern, so it passes a filter that only excludes. */
export function matchesFilter({ any, none }: ValueFilter, text: string | null): boolean {
  const matches = (pattern: ValuePattern) =>
    text !== null && (pattern.kind === "is" ? text === pattern.text : text.startsWith(pattern.text));
  return (any.length === 0 || any.some(matches)) && !none.some(matches);
}
