import type { Dimension } from "../../model/questions/stats-dimension";
import { bucketPlace, periodOf } from "../../model/time/calendar";
import type { Database } from "../core/databases";
import { MAX_GROUPS_MEASURED, MAX_LIVE_EVENTS } from "../core/read-limits";
import type { PartitionMap } from "../partitions/partition-map";
import { MeasureTable } from "./measure-table";
import { createContribution } from "./measures";
import { accuracyOf, type GroupName, groupName, type Shown, type StatsAnswer } from "./stats-answer";
import { createValueReader, passes, propertiesOf, type StatsQuestion, type Templates } from "./stats-question";
import { readTuples } from "./tuples/read-tuples";
import type { Tuple } from "./tuples/tuple-page";
import { unreadableIn } from "./unreadable";

/**
 * Answers a query from the events themselves: exact, up to MAX_LIVE_EVENTS.
 *
 * @returns null if there are more events than that
 * @throws DrizzleQueryError
 */
export async function tupleStats(
  databases: readonly Database[],
  map: PartitionMap,
  question: StatsQuestion,
  { shown, templates }: { shown: Shown; templates: Templates },
): Promise<StatsAnswer | null> {
  const { metric, bounds, filter } = question;
  const period = periodOf(bounds);
  const table = new MeasureTable(metric, bounds.length - 1, MAX_GROUPS_MEASURED);
  const asked = propertiesOf(question);
  const measure = createMeasuring(question, templates, table);
  const { isComplete } = await readTuples(
    databases,
    map,
    {
      periods: [period],
      filter,
      paths: asked.map(({ path }) => path),
      lanes: "all",
      most: MAX_LIVE_EVENTS,
    },
    (tuples) => {
      for (const tuple of tuples) measure(tuple);
    },
  );
  if (!isComplete) return null;
  return {
    ...table.lines(shown),
    total: table.total(),
    accuracy: accuracyOf({ unreadable: unreadableIn(map, [period]), hasFolded: table.hasFolded }),
  };
}

/** Adds the parts of an event that a query needs to a table. */
export function createMeasuring(
  question: StatsQuestion,
  templates: Templates,
  table: MeasureTable,
): (tuple: Tuple) => void {
  const { metric, bounds, groupBy, properties } = question;
  const asked = propertiesOf(question);
  const readValue = createValueReader(asked, templates);
  const contributionOf = createContribution(metric);
  const numberAt = asked.findIndex(({ name }) => name === metric.property?.name);
  const names = new Map<string, GroupName>();
  return (tuple) => {
    const textOf = (property: (typeof asked)[number]) => readValue(tuple, tuple.values, property);
    if (!passes(properties, textOf)) return;
    const texts = groupBy.map((dimension: Dimension) =>
      dimension.kind === "property" ? textOf(dimension.property) : tuple[dimension.kind],
    );
    const made = groupName(texts);
    const name = names.get(made.key) ?? made;
    names.set(made.key, name);
    table.add(name, bucketPlace(bounds, tuple.occurredAt), contributionOf(tuple, tuple.values[numberAt]));
  };
}
