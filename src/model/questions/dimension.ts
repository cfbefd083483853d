import type { PropertyPath } from "../event/property-path";
import type { EventSource } from "./event-pattern";

/** What events are grouped by: who sent them, what they are, or the value of a property. */
export type QuestionDimension =
  | { kind: "application" | "category" | "name" | "type" }
  | { kind: "property"; path: PropertyPath };

/** What events stand under that have no value of the property. */
export const NONE = "(none)";

/** @param valueAt as `matchesPattern` takes it */
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
