import type { AlertRule } from "../model/alerts/alert";
import type { NumberMeasurement, NumberThreshold } from "../model/alerts/number-threshold";
import { parsePropertyPath } from "../model/event/property-path";
import { parseValueFilter } from "../model/event/property-value";
import { type Metric, parseMetric } from "../model/questions/metric";
import { addLocal, type Period } from "../model/time/calendar";
import type { Micros } from "../model/time/time";
import { TimeZone } from "../model/time/time-zone";
import { MINUTE_MICROS } from "../model/time/units";
import { type Database, firstDatabase } from "../storage/core/databases";
import { listProperties } from "../storage/properties/declared-properties";
import { answerStats } from "../storage/questions/answer-stats";
import type { StatsQuestion } from "../storage/questions/stats-question";

/** The most events that are read for one window if counts cannot answer. */
const MAX_EVENTS_IN_WINDOW = 50_000;

/** Numbers that counts cannot answer are measured this often. */
const MINUTES_BETWEEN_READINGS = 5;

/** Whether an alert's number is measured in this run: every minute from counts, otherwise less often. */
export function isDue({ metric, data }: NumberThreshold, now: Micros): boolean {
  return (
    (metric === "events" && data === undefined) || Math.floor(now / MINUTE_MICROS) % MINUTES_BETWEEN_READINGS === 0
  );
}

/**
 * Measures the number of an alert over its window; for a change, also over the same window of the last weeks. The window
 * ends a minute before the current one, because events of the latest minute may still be on their way. Weeks before the
 * first number and weeks whose events are archived are left out.
 *
 * @throws Error if there are more events than may be read, and what D1 throws
 */
export async function measureNumber(
  databases: readonly Database[],
  { application, category, event_name, window_minutes: minutes = 1 }: AlertRule,
  threshold: NumberThreshold,
  now: Micros,
): Promise<NumberMeasurement> {
  const end = Math.floor(now / MINUTE_MICROS) * MINUTE_MICROS - MINUTE_MICROS;
  const window = { start: end - minutes * MINUTE_MICROS, end };
  const declared = await listProperties(firstDatabase(databases));
  const question: Omit<StatsQuestion, "bounds"> = {
    metric: metricOf(threshold),
    groupBy: [],
    filter: {
      applications: application === undefined ? null : [application],
      category: category ?? null,
      name: event_name ?? null,
    },
    properties: Object.entries(threshold.data ?? {}).map(([name, values]) => ({
      property: { name, path: parsePropertyPath(name) ?? [name] },
      ...parseValueFilter(values),
    })),
  };
  const numberIn = async ({ start, end: until }: Period): Promise<number | null> => {
    const options = { shown: { top: 1 }, declared, most: MAX_EVENTS_IN_WINDOW };
    const found = await answerStats(databases, { ...question, bounds: [start, until] }, options);
    if ("kind" in found) throw new Error(`a window holds ${found.events} events, which is too many to read`);
    return !found.accuracy.exact && found.accuracy.unreadable !== undefined ? null : found.total.total;
  };
  const value = await numberIn(window);
  if (!("change" in threshold)) return { value, usual: null };
  const before = await Promise.all(
    Array.from({ length: threshold.weeks }, (_, week) => numberIn(weeksBefore(window, week + 1, threshold.timezone))),
  );
  return { value, usual: usualOf(before) };
}

/** A window of the same length that ends at the same local time some weeks before. */
function weeksBefore({ start, end }: Period, weeks: number, timezone: string | undefined): Period {
  const zone = TimeZone.find(timezone ?? "UTC") ?? TimeZone.UTC;
  const earlier = zone.momentOf(addLocal(zone.localOf(end), "week", -weeks));
  return { start: earlier - (end - start), end: earlier };
}

/** @param before the numbers of the last weeks, latest first */
export function usualOf(before: readonly (number | null)[]): number | null {
  const oldest = before.findLastIndex((number) => number !== null && number !== 0);
  const numbers = before.slice(0, oldest + 1).filter((number) => number !== null);
  return numbers.length === 0 ? null : numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

function metricOf({ metric }: NumberThreshold): Metric {
  const parsed = parseMetric(metric);
  if (parsed === null) throw new Error(`${metric} is not a metric`);
  return parsed;
}
