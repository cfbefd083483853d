import type { PropertyPath } from "../event/property-path";
import type { EventSource } from "./event-pattern";

/** What events are grouped by: their application, their type, or the value of a property. */
export type QuestionDimension =
  | { kind: "application" | "category" | "name" | "type" }
  | { kind: "property"; path: PropertyPath };

/** The group of events that have no value of the property. */
export const NONE = "(none)";

/** @param valueAt see `matchesPattern` */
export function dimensionText(
  dimension: QuestionDimension,
  source: EventSource,
  valueAt: (path: PropertyPath) => string | null,
): string {
  if (dimension.kind === "property") return valueAt(dimension.path) ?? NONE;
  if (dimension.kind === "type") return `${source.category} / ${source.name}`;
  return source[dimension.kind];
}

export function pathsOfDimension(dimension: QuestionDimension | null): PropertyPath[] {
  return dimension?.kind === "property" ? [dimension.path] : [];
}
