import { isPercentile } from "../../model/questions/metric";
import { RELATIVE_ERROR } from "../../model/questions/numbers/number-bins";
import { type Period, periodOf } from "../../model/time/calendar";
import type { Database } from "../core/databases";
import { MAX_GROUPS_MEASURED, MAX_LIVE_EVENTS } from "../core/read-limits";
import type { WantedSeries } from "../events/wanted-series";
import type { PartitionMap } from "../partitions/partition-map";
import { planPieces } from "../properties/answer/roll-up-plan";
import { addRolledUp, rolledProperty } from "../properties/answer/roll-up-stats";
import type { StoredProperty } from "../properties/declared-properties";
import { eventsToExamine } from "./examined-events";
import { MeasureTable } from "./measure-table";
import { accuracyOf, type Shown, type StatsAnswer, type TooManyEvents } from "./stats-answer";
import { propertiesOf, type StatsQuestion, type Templates } from "./stats-question";
import { createMeasuring } from "./tuple-stats";
import { readTuples } from "./tuples/read-tuples";
import { unreadableIn } from "./unreadable";

interface RolledOptions {
  shown: Shown;
  templates: Templates;
  /** All declared properties. */
  declared: readonly StoredProperty[];
  /** The dimension keys of each database that match the filter. */
  wanted: readonly WantedSeries[];
  /** False if there are few events. It is found out while counts are read, or before if these are many. */
  isWorthwhile?: () => Promise<boolean>;
}

/** Counts of values that are read before it is known whether there are more events than that. */
const MOST_AT_ONCE = 300;

/**
 * Answers a query about one declared property from the counts of its values, and from the events of hours that are
 * not counted yet: the current one, and those with late events.
 *
 * @returns null if it cannot be answered this way, or if it is not worthwhile
 * @throws DrizzleQueryError
 */
export async function rolledStats(
  databases: readonly Database[],
  map: PartitionMap,
  question: StatsQuestion,
  { shown, templates, declared, wanted, isWorthwhile }: RolledOptions,
): Promise<StatsAnswer | TooManyEvents | null> {
  const property = rolledProperty(question);
  if (property === null || !declared.some(({ path }) => path === property.name)) return null;
  const { metric, bounds, filter } = question;
  const { days, hours } = planPieces(bounds);
  const most = (days.length + hours.length) * wanted.reduce((sum, { ids }) => sum + ids.length, 0);
  if (most > MOST_AT_ONCE && isWorthwhile !== undefined && !(await isWorthwhile())) return null;
  const table = new MeasureTable(metric, bounds.length - 1, MAX_GROUPS_MEASURED);
  const adding = databases.map(async (database, place) => {
    const ids = wanted[place]?.ids ?? [];
    return { database, place, added: await addRolledUp(database, question, { property, declared, ids }, table) };
  });
  const [rolled, worthwhile] = await Promise.all([Promise.all(adding), isWorthwhile === undefined || isWorthwhile()]);
  if (!worthwhile) return null;
  const left: { database: Database; place: number; periods: Period[] }[] = [];
  for (const { added, ...of } of rolled) {
    if (added === null) return null;
    if (added.left.length > 0) left.push({ ...of, periods: joined(added.left) });
  }
  const sizes = await Promise.all(
    left.flatMap(({ database, place, periods }) =>
      periods.map((period) => eventsToExamine([database], map, period, filter, wanted.slice(place, place + 1))),
    ),
  );
  const events = sizes.reduce((sum, size) => sum + size, 0);
  if (events > MAX_LIVE_EVENTS) return { kind: "too_many_events", events };

  const measure = createMeasuring(question, templates, table);
  const paths = propertiesOf(question).map(({ path }) => path);
  const period = periodOf(bounds);
  const read = (own: readonly Database[], periods: readonly Period[], lanes: "main" | "late") =>
    readTuples(own, map, { periods, filter, paths, lanes, most: MAX_LIVE_EVENTS }, (tuples) => {
      for (const tuple of tuples) measure(tuple);
    });
  await Promise.all([
    ...left.map(({ database, periods }) => read([database], periods, "main")),
    ...(map.hasLate(period) ? [read(databases, [period], "late")] : []),
  ]);
  // Several databases may leave the same period.
  const unreadable = unreadableIn(map, joined(left.flatMap(({ periods }) => periods)));
  const relativeError = isPercentile(metric.kind) ? RELATIVE_ERROR : null;
  const accuracy = accuracyOf({ unreadable, hasFolded: table.hasFolded, relativeError });
  return { ...table.lines(shown), total: table.total(), accuracy };
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
