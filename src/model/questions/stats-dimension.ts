import { pathRule } from "../event/property-path";
import type { ValueFilter } from "../event/property-value";
import type { AskedProperty } from "./metric";

export const SERIES_DIMENSIONS = ["application", "category", "name"] as const;

export type SeriesDimension = (typeof SERIES_DIMENSIONS)[number];

/** How events are grouped. */
export type Dimension = { kind: SeriesDimension } | { kind: "property"; property: AskedProperty };

export interface PropertyFilter extends ValueFilter {
  property: AskedProperty;
}

/** The name of a dimension in answers. */
export function labelOf(dimension: Dimension): string {
  return dimension.kind === "property" ? `data.${dimension.property.name}` : dimension.kind;
}

/** The message for texts that are not dimensions, with what to write instead of `data.data.path`. */
export function dimensionRule(text: string, rule: string): string {
  const paths = text.split(",").flatMap((part) => (part.startsWith("data.") ? part.slice("data.".length) : []));
  return paths.reduce((message, path) => (message === rule ? pathRule(path, rule, "data.") : message), rule);
}
