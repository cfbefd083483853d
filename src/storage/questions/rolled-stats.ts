import { RELATIVE_ERROR } from "../../model/questions/numbers/number-bins";
import type { Period } from "../../model/time/calendar";
import type { Database } from "../core/databases";
import { MAX_GROUPS_MEASURED, MAX_LIVE_EVENTS } from "../core/read-limits";
import type { PartitionMap } from "../partitions/partition-map";
import type { StoredProperty } from "../properties/declared-properties";
import { addRolledUp, rolledProperty } from "../properties/roll-up-stats";
import { eventsToExamine } from "./examined-events";
import { MeasureTable } from "./measure-table";
import type { Accuracy, Shown, StatsAnswer } from "./stats-answer";
import { propertiesOf, type StatsQuestion, type Templates } from "./stats-question";
import { createMeasuring } from "./tuple-stats";
import { readTuples } from "./tuples/read-tuples";
import { unreadableIn } from "./unreadable";

/**
 * Answers a query about one declared property from the counts of its values, and from the events of hours that are
 * not counted yet: the current one, and those with late events.
 *
 * @returns null if it cannot be answered this way
 * @throws DrizzleQueryError
 */
export async function rolledStats(
  databases: readonly Database[],
  map: PartitionMap,
  question: StatsQuestion,
  { shown, templates, declared }: { shown: Shown; templates: Templates; declared: readonly StoredProperty[] },
): Promise<StatsAnswer | { kind: "too_many_events"; events: number } | null> {
  const property = rolledProperty(question);
  if (property === null || !declared.some(({ path }) => path === property.name)) return null;
  const { metric, bounds, filter } = question;
  const table = new MeasureTable(metric, bounds.length - 1, MAX_GROUPS_MEASURED);
  const rolled = await Promise.all(
    databases.map(async (database) => ({
      database,
      rolled: await addRolledUp(database, question, { property, declared }, table),
    })),
  );
  const left: { database: Database; periods: Period[] }[] = [];
  for (const { database, rolled: own } of rolled) {
    if (own === null) return null;
    if (own.left.length > 0) left.push({ database, periods: joined(own.left) });
  }
  const sizes = await Promise.all(
    left.flatMap(({ database, periods }) => periods.map((period) => eventsToExamine([database], map, period, filter))),
  );
  const events = sizes.reduce((sum, size) => sum + size, 0);
  if (events > MAX_LIVE_EVENTS) return { kind: "too_many_events", events };

  const measure = createMeasuring(question, templates, table);
  const paths = propertiesOf(question).map(({ path }) => path);
  const whole = { start: bounds[0] ?? 0, end: bounds.at(-1) ?? 0 };
  const hasLate = map.overlapping(whole.start, whole.end - 1).some(({ late }) => late);
  const read = (own: readonly Database[], periods: readonly Period[], lanes: "main" | "late") =>
    readTuples(own, map, { periods, filter, paths, lanes, most: MAX_LIVE_EVENTS }, (tuples) => {
      for (const tuple of tuples) measure(tuple);
    });
  await Promise.all([
    ...left.map(({ database, periods }) => read([database], periods, "main")),
    ...(hasLate ? [read(databases, [whole], "late")] : []),
  ]);
  // Several databases may leave the same period.
  const unreadable = unreadableIn(map, joined(left.flatMap(({ periods }) => periods)));
  return { ...table.lines(shown), total: table.total(), accuracy: accuracyOf(question, table, unreadable) };
}

function accuracyOf({ metric }: StatsQuestion, table: MeasureTable, unreadable: Period[]): Accuracy {
  const isBinned = metric.kind === "p50" || metric.kind === "p90" || metric.kind === "p99";
  if (!isBinned && !table.hasFolded && unreadable.length === 0) return { exact: true };
  return {
    exact: false,
    ...(isBinned ? { relative_error: RELATIVE_ERROR } : {}),
    ...(table.hasFolded ? { groups_folded: true } : {}),
    ...(unreadable.length > 0 ? { unreadable } : {}),
  };
}

/** Periods in order, with adjacent ones joined. */
function joined(periods: readonly Period[]): Period[] {
  const result: Period[] = [];
  for (const { start, end } of [...periods].sort((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else result.push({ start, end });
  }
  return result;
}
