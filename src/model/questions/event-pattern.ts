import { formatPropertyPath, type PropertyPath } from "../event/property-path";
import { matchesFilter, type ValueFilter } from "../event/property-value";

/** Selects events, for example for a step of a funnel. Null or empty: any. */
export interface EventPattern {
  category: string | null;
  name: string | null;
  application: string | null;
  data: readonly { path: PropertyPath; filter: ValueFilter }[];
}

/** The application and the type of an event. */
export interface EventSource {
  application: string;
  category: string;
  name: string;
}

export const ANY_EVENT: EventPattern = { category: null, name: null, application: null, data: [] };

/** True if events of this application and type may match; whether one does depends on its properties. */
export function admitsSource(pattern: EventPattern, { application, category, name }: EventSource): boolean {
  return (
    (pattern.application === null || pattern.application === application) &&
    (pattern.category === null || pattern.category === category) &&
    (pattern.name === null || pattern.name === name)
  );
}

/** @param valueAt returns the text of a property (see `valueText`), or null if the event has none */
export function matchesPattern(
  pattern: EventPattern,
  source: EventSource,
  valueAt: (path: PropertyPath) => string | null,
): boolean {
  return (
    admitsSource(pattern, source) && pattern.data.every(({ path, filter }) => matchesFilter(filter, valueAt(path)))
  );
}

/** The distinct paths that patterns read, in the order of their first use. */
export function pathsOf(patterns: readonly EventPattern[], further: readonly PropertyPath[] = []): PropertyPath[] {
  const paths = [...patterns.flatMap(({ data }) => data.map(({ path }) => path)), ...further];
  return [...new Map(paths.map((path) => [keyOf(path), path])).values()];
}

export function keyOf(path: PropertyPath): string {
  return formatPropertyPath(path) ?? path.join("\u0000");
}
