import { type SQL, sql } from "drizzle-orm";
import { EVENT_CODE_NAMES, type EventCode } from "../model/codes";
import { sumBySeries } from "./counts";
import type { Database } from "./databases";
import { EVERY_FAILURE } from "./failure-counts";
import { MAX_SUMMARY_GROUPS } from "./read-limits";
import { type Reader, readerOf } from "./reader";
import type { SeriesFilter } from "./series";
import { categories, failures, series } from "./tables";

/** Which failures to sum up, from the buckets of one width. Filters combine; null: any. */
export interface FailureQuestion extends SeriesFilter {
  code: EventCode | null;
  /** Width of the buckets: 60, 3600 or 86400. */
  seconds: number;
  /** Starts of the first and the last bucket, in seconds since 1970. */
  first: number;
  last: number;
  /** What the line over time is told in, in seconds: a multiple of the buckets' width. */
  step: number;
  /** Groups at most. */
  limit: number;
}

/** An application with an event type, as failures name it: empty where an error has none. */
export interface FailingType {
  application: string;
  category: string;
  name: string;
}

/** The failures of an application and event type with one code at one path. */
export interface FailureGroup extends FailingType {
  code: string;
  path: string;
  events: number;
  /** Starts of the first and the last bucket that has one. */
  firstBucket: number;
  lastBucket: number;
  /** By step from the range's start, in order; those without failures are left out. */
  steps: { place: number; events: number }[];
  /** One of the newest of these errors. */
  lastErrorId: string;
  /** All events of the type in the range: those that failed, by receipt, and those that are stored, by occurrence. */
  failed: number;
  stored: number;
}

/**
 * The most frequent failures in a range, by number. Reads counts alone: the cells of failures in the range, and the
 * buckets of the stored events. Exact, unless there are more than MAX_SUMMARY_GROUPS groups in one database of
 * several.
 *
 * @returns at most `limit` groups, and whether these are all
 * @throws what D1 throws
 */
export async function sumUpFailures(
  databases: Database[],
  question: FailureQuestion,
): Promise<{ groups: FailureGroup[]; complete: boolean }> {
  const readers = databases.map(readerOf);
  const found = await Promise.all(readers.map((reader) => groupsIn(reader, question)));
  const merged = [...Map.groupBy(found.flat(), identityOf).values()].map(mergeGroups);
  const groups = merged.sort((a, b) => b.events - a.events || compareTexts(identityOf(a), identityOf(b)));
  const complete = groups.length <= question.limit && found.every((rows) => rows.length < MAX_SUMMARY_GROUPS);
  const shown = groups.slice(0, question.limit);

  const types = [...new Map(shown.map((group) => [typeOf(group), group])).values()];
  const totals = await Promise.all(readers.map((reader) => totalsIn(reader, types, question)));
  return {
    complete,
    groups: shown.map((group) => {
      const place = types.findIndex((type) => typeOf(type) === typeOf(group));
      const sum = (kind: "failed" | "stored") =>
        totals.reduce((all, { [kind]: numbers }) => all + (numbers.get(place) ?? 0), 0);
      return { ...group, failed: sum("failed"), stored: sum("stored") };
    }),
  };
}

type Group = Omit<FailureGroup, "failed" | "stored">;

function identityOf(group: Group): string {
  return JSON.stringify([typeOf(group), group.code, group.path]);
}

function typeOf({ application, category, name }: FailingType): string {
  return JSON.stringify([application, category, name]);
}

function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** The same group from several databases as one. */
function mergeGroups(parts: Group[]): Group {
  const newest = parts.reduce((a, b) => (b.lastBucket > a.lastBucket ? b : a));
  const byPlace = Map.groupBy(
    parts.flatMap(({ steps }) => steps),
    ({ place }) => place,
  );
  const steps = [...byPlace]
    .map(([place, same]) => ({ place, events: same.reduce((sum, { events }) => sum + events, 0) }))
    .sort((a, b) => a.place - b.place);
  const events = parts.reduce((sum, part) => sum + part.events, 0);
  return { ...newest, steps, events, firstBucket: Math.min(...parts.map(({ firstBucket }) => firstBucket)) };
}

async function groupsIn(reader: Reader, question: FailureQuestion): Promise<Group[]> {
  const { code, application, category, name, first, step } = question;
  // Named one by one, each code is a stretch of the primary key.
  const where: SQL[] = [within(question, code === null ? EVENT_CODE_NAMES : [code])];
  for (const [column, text] of [
    [failures.application, application],
    [failures.category, category],
    [failures.name, name],
  ] as const) {
    if (text !== null) where.push(sql`${column} = ${text}`);
  }
  // Summed up by step first, so that what returns is bounded by the groups and not by the range. `newest` carries an
  // error's id behind its bucket, in twelve digits. Numbers are bound as REAL, whose division leaves a rest.
  const rows = await reader.all<
    Omit<Group, "steps" | "lastBucket" | "lastErrorId"> & { places: string; newest: string }
  >(sql`
    SELECT application, category, name, code, path, sum(events) AS events, min(earliest) AS firstBucket,
      max(newest) AS newest, json_group_array(json_array(place, events)) AS places
    FROM (
      SELECT application, category, name, code, path, CAST((bucket - ${first}) / ${step} AS INTEGER) AS place, sum(events) AS events,
        min(bucket) AS earliest, max(substr('000000000000' || bucket, -12) || last_error_id) AS newest
      FROM ${failures} WHERE ${sql.join(where, sql` AND `)}
      GROUP BY application, category, name, code, path, place
    ) AS stepped
    GROUP BY application, category, name, code, path
    ORDER BY sum(events) DESC LIMIT ${MAX_SUMMARY_GROUPS}`);
  return rows.map(({ places, newest, ...group }) => {
    const own: [place: number, events: number][] = JSON.parse(places);
    const steps = own.map(([place, events]) => ({ place, events })).sort((a, b) => a.place - b.place);
    return { ...group, steps, lastBucket: Number(newest.slice(0, 12)), lastErrorId: newest.slice(12) };
  });
}

function within({ seconds, first, last }: FailureQuestion, codes: readonly string[]): SQL {
  return sql`${failures.seconds} = ${seconds} AND ${failures.bucket} BETWEEN ${first} AND ${last}
    AND ${failures.code} IN (SELECT value FROM json_each(${JSON.stringify(codes)}))`;
}

/** How many events of each type failed and are stored, by the type's place in the list. */
async function totalsIn(
  reader: Reader,
  types: FailingType[],
  question: FailureQuestion,
): Promise<{ failed: Map<number, number>; stored: Map<number, number> }> {
  if (types.length === 0) return { failed: new Map(), stored: new Map() };
  const wanted = JSON.stringify(types.map(({ application, category, name }) => [application, category, name]));
  const { seconds, first, last } = question;
  const failed = await reader.all<FailingType & { events: number }>(sql`
    SELECT application, category, name, sum(${failures.events}) AS events FROM ${failures}
    WHERE ${within(question, [EVERY_FAILURE])} AND (application, category, name) IN
      (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(${wanted}))
    GROUP BY application, category, name`);
  const members = await reader.all<{ place: number; seriesId: number }>(sql`
    SELECT wanted.key AS place, s.series_id AS seriesId
    FROM json_each(${wanted}) AS wanted
    CROSS JOIN ${categories} AS c ON c.category = wanted.value ->> 1
    CROSS JOIN ${series} AS s
      ON s.category_id = c.category_id AND s.name = wanted.value ->> 2 AND s.application = wanted.value ->> 0`);
  const stored = await sumBySeries(
    reader,
    { seconds, first, last },
    members.map(({ seriesId }) => seriesId),
  );
  const places = new Map(types.map((type, place) => [typeOf(type), place]));
  return {
    failed: new Map(failed.map((row) => [places.get(typeOf(row)) ?? -1, row.events])),
    // A type of one application is one series.
    stored: new Map(members.map(({ place, seriesId }) => [Number(place), stored.get(seriesId) ?? 0])),
  };
}
