import { formatPropertyPath, type PropertyPath } from "../event/property-path";
import { matchesFilter, type ValueFilter } from "../event/property-value";

/** Which events a step of a question means. Null and empty: any. */
export interface EventPattern {
  category: string | null;
  name: string | null;
  application: string | null;
  data: readonly { path: PropertyPath; filter: ValueFilter }[];
}

/** Who sent an event, and what it is. */
export interface EventSource {
  application: string;
  category: string;
  name: string;
}

export const ANY_EVENT: EventPattern = { category: null, name: null, application: null, data: [] };

/** True if events of this kind may match. The values of their properties decide the rest. */
export function admitsSource(pattern: EventPattern, { application, category, name }: EventSource): boolean {
  return (
    (pattern.application === null || pattern.application === application) &&
    (pattern.category === null || pattern.category === category) &&
    (pattern.name === null || pattern.name === name)
  );
}

/** @param valueAt the text of a property (see `valueText`), or null where the event has none */
export function matchesPattern(
  pattern: EventPattern,
  source: EventSource,
  valueAt: (path: PropertyPath) => string | null,
): boolean {
  return (
    admitsSource(pattern, source) && pattern.data.every(({ path, filter }) => matchesFilter(filter, valueAt(path)))
  );
}

/** The different paths that some patterns look at, in the order of their first use. */
export function pathsOf(patterns: readonly EventPattern[], further: readonly PropertyPath[] = []): PropertyPath[] {
  const paths = [...patterns.flatMap(({ data }) => data.map(({ path }) => path)), ...further];
  return [...new Map(paths.map((path) => [keyOf(path), path])).values()];
}

export function keyOf(path: PropertyPath): string {
  return formatPropertyPath(path) ?? path.join("\u0000");
}
