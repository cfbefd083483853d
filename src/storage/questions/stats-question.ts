import { matchesFilter, templated, valueText } from "../../model/event/property-value";
import type { AskedProperty, Metric } from "../../model/questions/metric";
import type { Dimension, PropertyFilter } from "../../model/questions/stats-dimension";
import type { Micros } from "../../model/time/time";
import type { SeriesFilter } from "../counts/series";

export interface StatsQuestion {
  metric: Metric;
  groupBy: readonly Dimension[];
  filter: SeriesFilter;
  properties: readonly PropertyFilter[];
  /** The starts of the buckets and the end of the last one, ascending. */
  bounds: readonly Micros[];
}

/** The properties of each event that a query needs, each once. */
export function propertiesOf({ metric, groupBy, properties }: Omit<StatsQuestion, "bounds">): AskedProperty[] {
  return eachOnce([
    ...(metric.property === null ? [] : [metric.property]),
    ...groupBy.flatMap((dimension) => (dimension.kind === "property" ? [dimension.property] : [])),
    ...properties.map(({ property }) => property),
  ]);
}

/** Properties without repetitions. */
export function eachOnce(properties: readonly AskedProperty[]): AskedProperty[] {
  return [...new Map(properties.map((property) => [property.name, property])).values()];
}

/** The template of a property in events of a type, or null. */
export type Templates = (type: { category: string; name: string }, property: string) => string | null;

/** The values of an event for some properties as texts, each under its template. */
export function createValueReader(asked: readonly AskedProperty[], templates: Templates) {
  const readers = new Map<string, (text: string) => string>();
  return (type: { category: string; name: string }, values: readonly unknown[], property: AskedProperty) => {
    const text = valueText(values[asked.findIndex(({ name }) => name === property.name)]);
    if (text === null) return null;
    const template = templates(type, property.name);
    if (template === null) return text;
    const reader = readers.get(template) ?? templated(template);
    readers.set(template, reader);
    return reader(text);
  };
}

/** Returns whether the values of an event pass all filters. */
export function passes(
  filters: readonly PropertyFilter[],
  textOf: (property: AskedProperty) => string | null,
): boolean {
  return filters.every((filter) => matchesFilter(filter, textOf(filter.property)));
}
