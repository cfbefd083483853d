import { type AlertRule, isOfStorage, type Measurement, type StorageThreshold } from "../model/alerts/alert";
import type { Micros } from "../model/time/time";
import { HOUR_MICROS, minuteOf } from "../model/time/units";
import { archiveDelay, leastDaysLeft } from "../storage/admin/storage-outlook";
import type { Database } from "../storage/core/databases";
import { measureFailures } from "../storage/errors/failure-share";
import { measureNumber } from "./measure-number";

/** The sources that alerts are measured from. */
export interface Gauges {
  databases: Database[];
  /** The messages waiting to be stored; null if the queue does not report them. */
  backlog: () => Promise<number | null>;
  /** Whether there is an archive. */
  hasArchive: boolean;
  /** The hot window, if a variable of the deployment overrides the settings; otherwise null. */
  hotMicros: Micros | null;
}

/** @throws what D1 and the queue throw */
export function measure(gauges: Gauges, rule: AlertRule, now: Micros): Promise<Measurement> {
  const { threshold } = rule;
  if ("metric" in threshold) return measureNumber(gauges.databases, rule, threshold, now);
  if (isOfStorage(threshold)) return measureStorage(gauges, threshold, now);
  // The window's whole minutes and the current one, which has only begun when the cron runs.
  const last = minuteOf(now);
  return measureFailures(gauges.databases, {
    application: rule.application ?? null,
    category: rule.category ?? null,
    name: rule.event_name ?? null,
    first: last - (rule.window_minutes ?? 1) * 60,
    last,
    withStored: "share" in threshold,
  });
}

async function measureStorage(gauges: Gauges, threshold: StorageThreshold, now: Micros): Promise<Measurement> {
  const { databases, backlog, hasArchive, hotMicros } = gauges;
  if ("days_left" in threshold) return { value: await leastDaysLeft(databases, now) };
  if ("backlog" in threshold) return { value: await backlog() };
  const delay = hasArchive ? await archiveDelay(databases, { hotMicros, now }) : null;
  return { value: delay === null ? null : delay / HOUR_MICROS };
}
