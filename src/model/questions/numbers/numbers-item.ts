import { matchesFilter } from "../../event/property-value";
import { bucketPlace } from "../../time/calendar";
import type { NumbersQuestion } from "../question";
import type { SequenceEvent } from "../sequences/sequence-event";
import { templatedValues } from "../templated-values";
import type { NumbersItem } from "./numbers-tally";

/** Returns a function that maps an event to the item of a query, or to null if the event does not match. */
export function numbersItemOf(question: NumbersQuestion): (event: SequenceEvent) => NumbersItem | null {
  const { metric, groupBy, properties, bounds, templates } = question;
  const textOf = templatedValues(templates);
  return (event) => {
    const { occurredAt, source, numberAt } = event;
    if (question.category !== null && question.category !== source.category) return null;
    if (question.name !== null && question.name !== source.name) return null;
    if (!properties.every((filter) => matchesFilter(filter, textOf(event, filter.property)))) return null;
    const texts = groupBy.map((dimension) =>
      dimension.kind === "property" ? textOf(event, dimension.property) : source[dimension.kind],
    );
    const number = metric.property === null ? 1 : numberAt(metric.property.path);
    return { key: JSON.stringify(texts), place: bucketPlace(bounds, occurredAt), number };
  };
}
