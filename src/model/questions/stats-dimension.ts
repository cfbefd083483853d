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
