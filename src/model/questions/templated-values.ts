import type { PropertyPath } from "../event/property-path";
import { templated } from "../event/property-value";
import type { EventSource } from "./event-pattern";
import type { AskedProperty } from "./metric";

/** The template that an event type declares for one of its properties. */
export interface PropertyTemplate {
  category: string;
  name: string;
  path: string;
  template: string;
}

/** The part of an event that a value is read from. */
interface ValueSource {
  source: EventSource;
  valueAt: (path: PropertyPath) => string | null;
}

/** Returns a function that reads a property of an event as a text, under its template. */
export function templatedValues(templates: readonly PropertyTemplate[]) {
  const readers = new Map(templates.map((one) => [keyOf(one, one.path), templated(one.template)]));
  return ({ source, valueAt }: ValueSource, { name, path }: AskedProperty): string | null => {
    const text = valueAt(path);
    return text === null ? null : (readers.get(keyOf(source, name))?.(text) ?? text);
  };
}

function keyOf({ category, name }: Pick<EventSource, "category" | "name">, path: string): string {
  return `${category}\u0000${name}\u0000${path}`;
}
