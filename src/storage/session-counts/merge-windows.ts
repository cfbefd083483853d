import { DurationTable, readDurations, writeDurations } from "../../model/questions/sessions/duration-table";
import {
  addWithin,
  noSessionCounts,
  readSessionCounts,
  writeSessionCounts,
} from "../../model/questions/sessions/session-counts";
import { readVisitors, VisitorTable, writeVisitors } from "../../model/questions/sessions/visitor-table";
import { DAY_SECONDS, HOUR_SECONDS } from "../../model/time/units";
import { type Database, firstDatabase } from "../core/databases";
import { groupsOf } from "../core/groups-of";
import { WINDOW_SECONDS } from "../partitions/partition";
import { NO_PARTITIONS } from "../partitions/partition-records";
import { ALL_APPLICATIONS } from "./count-windows";
import {
  countedApplications,
  MAX_VISITORS,
  readSessionRows,
  replaceSessionRows,
  type SessionRow,
  type SessionWidth,
} from "./session-count-store";
import { bucketTotals } from "./window-totals";

/** Applications whose rows are read at once: 24 of each, with up to 100 KB. */
const APPLICATIONS_PER_CALL = 5;

/** Sums the windows of an hour. Returns the number of rows. */
export function mergeHour(databases: readonly Database[], hour: number): Promise<number> {
  return merge(databases, { seconds: HOUR_SECONDS, bucket: hour, part: WINDOW_SECONDS });
}

/**
 * Sums the hours of days in which all hours with events are counted: a month is then 30 rows.
 *
 * @param changed days that are summed even if their sums look the same
 * @returns the number of rows
 */
export async function mergeDays(
  databases: readonly Database[],
  days: readonly number[],
  changed: ReadonlySet<number>,
): Promise<number> {
  let written = 0;
  for (const day of days) {
    const span = [day, day + DAY_SECONDS - HOUR_SECONDS] as const;
    const query = { application: ALL_APPLICATIONS, withHeld: false };
    const [hours = [], [own] = []] = await readSessionRows(firstDatabase(databases), [
      { ...query, seconds: HOUR_SECONDS, spans: [span] },
      { ...query, seconds: DAY_SECONDS, spans: [[day, day]] },
    ]);
    const counted = hours.reduce((sum, hour) => sum + hour.counted, 0);
    const late = hours.reduce((sum, hour) => sum + hour.late, 0);
    const isSummed = own?.counted === counted && own.late === late && hasDetailsOf(own, hours);
    if (!changed.has(day) && isSummed) continue;
    const totals = await bucketTotals(databases, NO_PARTITIONS, {
      ...{ application: ALL_APPLICATIONS, seconds: HOUR_SECONDS, spans: [span] },
    });
    const held = new Set(hours.map(({ bucket }) => bucket));
    if ([...totals].some(([hour, events]) => events > 0 && !held.has(hour))) continue;
    written += await merge(databases, { seconds: DAY_SECONDS, bucket: day, part: HOUR_SECONDS });
  }
  return written;
}

async function merge(
  databases: readonly Database[],
  { seconds, bucket, part }: { seconds: SessionWidth; bucket: number; part: SessionWidth },
): Promise<number> {
  const first = firstDatabase(databases);
  const applications = await countedApplications(first);
  const spans = [[bucket, bucket + seconds - part] as const];
  const rows: SessionRow[] = [];
  for (const some of groupsOf(applications, APPLICATIONS_PER_CALL)) {
    const found = await readSessionRows(
      first,
      some.map((application) => ({ application, seconds: part, spans, withHeld: true, withDetails: true })),
    );
    for (const [place, application] of some.entries()) {
      const own = found[place] ?? [];
      if (own.length > 0) rows.push(mergedRow(application, bucket, own, MAX_VISITORS[seconds]));
    }
  }
  await replaceSessionRows(first, { seconds, buckets: [bucket], rows });
  return rows.length;
}

/** Returns whether a row has the durations and visitors that all of its parts have. */
export function hasDetailsOf(row: SessionRow, parts: readonly SessionRow[]): boolean {
  const has = (detail: "durations" | "visitors") => row[detail] !== null || parts.some((part) => part[detail] === null);
  return has("durations") && has("visitors");
}

function mergedRow(application: string, bucket: number, own: readonly SessionRow[], mostVisitors: number): SessionRow {
  const total = noSessionCounts();
  const first = bucket / WINDOW_SECONDS;
  for (const { held } of own) addWithin(total, readSessionCounts(held), first);
  const sum = (measure: (row: SessionRow) => number) => own.reduce((result, row) => result + measure(row), 0);
  return {
    ...{ application, bucket, fingerprint: null, held: writeSessionCounts(total) },
    counted: sum((row) => row.counted),
    late: sum((row) => row.late),
    hotSince: Math.max(...own.map((row) => row.hotSince)),
    durations: mergedDurations(own, first),
    visitors: mergedVisitors(own, first, mostVisitors),
  };
}

function mergedDurations(own: readonly SessionRow[], first: number): string | null {
  const total = new DurationTable();
  for (const { durations } of own) {
    if (durations === null) return null;
    total.addWithin(readDurations(durations), first);
  }
  return writeDurations(total);
}

function mergedVisitors(own: readonly SessionRow[], first: number, most: number): string | null {
  const total = new VisitorTable();
  for (const { visitors } of own) {
    if (visitors === null) return null;
    total.addWithin(readVisitors(visitors), first);
  }
  return writeVisitors(total, most);
}
