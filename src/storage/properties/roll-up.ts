import { parsePropertyPath } from "../../model/event/property-path";
import { templated, valueText } from "../../model/event/property-value";
import type { Micros } from "../../model/time/time";
import { DAY_SECONDS, HOUR_MICROS, HOUR_SECONDS } from "../../model/time/units";
import { type Database, firstDatabase } from "../core/databases";
import { hoursToCheck, MAX_RUN_MS, readSweep, writeSweep } from "../counts/sweep";
import { withPartitions } from "../partitions/known-partitions";
import { isLate, lanesToRead } from "../partitions/partition";
import type { PartitionMap } from "../partitions/partition-map";
import { readTuples } from "../questions/tuples/read-tuples";
import type { Tuple } from "../questions/tuples/tuple-page";
import { addUpApplications, propertiesToAddUp, type SharedProperties, sharedProperties } from "./add-up-applications";
import { listProperties } from "./declared-properties";
import { bucketKey, countsOf, type DeclaredSeries, seriesWithProperties } from "./declared-series";
import {
  ALL_APPLICATIONS,
  type HeldCounts,
  newestHours,
  PROPERTY_SWEEP,
  type PropertyBucket,
  readPropertyCounts,
  writePropertyCounts,
} from "./property-store";
import { rollUpDays } from "./roll-up-days";
import { addValue, noValues, PARTS_OF_HOUR, type ValueCounts, writeValueCounts } from "./value-counts";

/** How long after its end an hour is counted. Most of its events have arrived by then. */
const GRACE_MICROS: Micros = 120_000_000;

/** The most events of one hour that are counted: far more than one database can take. */
const MAX_EVENTS_OF_HOUR = 20_000_000;

export interface RollUpReport {
  hours: number;
  rows: number;
}

/**
 * Counts the values of declared properties, once a minute: first of hours that have closed since the last run, then
 * of older hours from the newest to the oldest, in a cycle. So a newly declared property is counted for the past
 * too, and late events are counted in turn.
 *
 * An hour is counted if its counts show more events than when it was last counted. Its counts are computed from all
 * of its events, so repeating or losing a run changes nothing.
 *
 * @throws what D1 throws
 */
export async function rollUpProperties(databases: readonly Database[], now: Micros): Promise<RollUpReport> {
  const properties = await listProperties(firstDatabase(databases));
  const report = { hours: 0, rows: 0 };
  if (properties.length === 0) return report;
  const deadline = Date.now() + MAX_RUN_MS;
  for (const database of databases) {
    const declared = await seriesWithProperties(database, properties);
    if (declared.length > 0) await rollUpDatabase(database, databases, declared, { now, deadline, report });
  }
  return report;
}

interface Run {
  now: Micros;
  /** Milliseconds since 1970. */
  deadline: number;
  report: RollUpReport;
}

async function rollUpDatabase(
  database: Database,
  databases: readonly Database[],
  declared: readonly DeclaredSeries[],
  { now, deadline, report }: Run,
): Promise<void> {
  const closed = Math.floor((now - GRACE_MICROS) / 1_000_000 / HOUR_SECONDS) * HOUR_SECONDS;
  const ids = declared.map(({ series }) => series);
  const newest = Math.max(...declared.flatMap(({ properties }) => properties.map(({ declared_at: at }) => at)));
  const sweep = await readSweep(database, PROPERTY_SWEEP);
  const isNew = sweep === null || sweep.beganAt < newest;
  const from = isNew ? closed : sweep.hour;
  const checked = await hoursToCheck((before, most) => newestHours(database, ids, before, most), { closed, from });
  const shared = sharedProperties(declared);
  const stale = await staleHours(database, declared, shared, checked.hours);
  let { reached } = checked;
  const days = new Set<number>();
  for (const { hour, series, unsummed } of stale) {
    if (Date.now() > deadline) {
      // The next run continues above this hour.
      reached = Math.min(from, hour + HOUR_SECONDS);
      break;
    }
    const written = await countHour(database, databases, { hour, series, unsummed }, shared);
    report.hours += 1;
    report.rows += written;
    if (written > 0) days.add(hour - (hour % DAY_SECONDS));
  }
  report.rows += await rollUpDays(
    database,
    declared,
    [...days].filter((day) => day + DAY_SECONDS <= closed),
  );
  const beganAt = isNew || reached > from ? now : sweep.beganAt;
  if (isNew || sweep.hour !== reached) await writeSweep(database, PROPERTY_SWEEP, { hour: reached, beganAt });
}

/** @returns the number of rows written */
async function countHour(
  database: Database,
  databases: readonly Database[],
  { hour, series, unsummed }: StaleHour,
  shared: SharedProperties,
): Promise<number> {
  const isStale = series.length > 0;
  const rows = isStale ? await withPartitions(databases, (map) => rollUpHour(database, map, hour, series)) : 0;
  const recounted = rows === 0 ? [] : series.flatMap(({ properties }) => properties);
  const changed = new Set([...unsummed, ...recounted.map(({ property_id: property }) => property)]);
  const toAddUp = new Map([...shared].filter(([property]) => changed.has(property)));
  return rows + (await addUpApplications(database, toAddUp, HOUR_SECONDS, hour));
}

/** A dimension key with its events in an hour, by the counts. */
interface StaleSeries extends DeclaredSeries {
  counted: number;
}

interface StaleHour {
  hour: number;
  series: StaleSeries[];
  /** Properties whose counts of all applications are not their sum. */
  unsummed: number[];
}

/**
 * The hours in which some dimension keys have more events than were counted, newest first, and those in which the
 * applications are not added up.
 */
async function staleHours(
  database: Database,
  declared: readonly DeclaredSeries[],
  shared: SharedProperties,
  hours: readonly number[],
): Promise<StaleHour[]> {
  if (hours.length === 0) return [];
  const rows = [
    ...declared.flatMap(({ series, properties }) =>
      properties.map(({ property_id: property }) => ({ property, series })),
    ),
    ...[...shared.keys()].map((property) => ({ property, series: ALL_APPLICATIONS })),
  ];
  const buckets = rows.flatMap((row) => hours.map((bucket): PropertyBucket => ({ ...row, bucket })));
  const held = new Map(
    (await readPropertyCounts(database, HOUR_SECONDS, buckets, false)).map((one) => [bucketKey(one), one.counted]),
  );
  const counted = await countsOf(
    database,
    declared.map(({ series }) => series),
    HOUR_SECONDS,
    hours,
  );
  const countedIn = (property: number, series: number, bucket: number) =>
    held.get(bucketKey({ property, series, bucket })) ?? 0;
  return hours.flatMap((hour) => {
    const series = declared.flatMap((one): StaleSeries[] => {
      const events = counted.get(`${one.series} ${hour}`) ?? 0;
      const properties = one.properties.filter(
        ({ property_id: property }) => countedIn(property, one.series, hour) < events,
      );
      return properties.length === 0 ? [] : [{ ...one, properties, counted: events }];
    });
    const unsummed = propertiesToAddUp(shared, (property, key) => countedIn(property, key, hour));
    return series.length === 0 && unsummed.length === 0 ? [] : [{ hour, series, unsummed }];
  });
}

/** Counts the values of an hour again. Does nothing if its events are no longer in the database. */
async function rollUpHour(
  database: Database,
  map: PartitionMap,
  hour: number,
  series: readonly StaleSeries[],
): Promise<number> {
  const period = { start: hour * 1_000_000, end: (hour + HOUR_SECONDS) * 1_000_000 };
  const partitions = map.overlapping(period.start, period.end - 1);
  if (partitions.some((partition) => lanesToRead(partition).every(isLate))) return 0;
  const names = [...new Set(series.flatMap(({ properties }) => properties.map(({ path }) => path)))];
  const counters = new Map(series.map((one) => [textsOf(one), createCounters(one, names)]));
  await readTuples(
    [database],
    map,
    {
      periods: [period],
      filter: { applications: null, category: null, name: null },
      series: new Map([[database.index, series.map((one) => one.series)]]),
      paths: names.map((name) => parsePropertyPath(name) ?? []),
      lanes: "main",
      most: MAX_EVENTS_OF_HOUR,
    },
    (tuples) => {
      for (const tuple of tuples) counters.get(textsOf(tuple))?.add(tuple, partOf(tuple.occurredAt));
    },
  );
  const rows = series.flatMap((one) =>
    (counters.get(textsOf(one))?.counts ?? []).map(
      ({ property, counts }): HeldCounts => ({
        ...{ property, series: one.series, bucket: hour, counted: one.counted },
        held: writeValueCounts(counts),
      }),
    ),
  );
  await writePropertyCounts(database, HOUR_SECONDS, rows);
  return rows.length;
}

function textsOf({ application, category, name }: { application: string; category: string; name: string }): string {
  return `${application}\u0000${category}\u0000${name}`;
}

function partOf(moment: Micros): number {
  return Math.floor(moment / (HOUR_MICROS / PARTS_OF_HOUR)) % PARTS_OF_HOUR;
}

function createCounters({ properties }: DeclaredSeries, names: readonly string[]) {
  const counters = properties.map(({ property_id: property, path, kind, template }) => ({
    property,
    counts: noValues(PARTS_OF_HOUR),
    place: names.indexOf(path),
    read: kind === "number" ? numberOf : textReader(template),
  }));
  return {
    counts: counters.map(({ property, counts }): { property: number; counts: ValueCounts } => ({ property, counts })),
    add(tuple: Tuple, part: number): void {
      for (const { counts, place, read } of counters) addValue(counts, part, read(tuple.values[place]));
    },
  };
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function textReader(template: string | null): (value: unknown) => string | null {
  const apply = templated(template);
  return (value) => {
    const text = valueText(value);
    return text === null ? null : apply(text);
  };
}
