import { inArray, type SQL, sql } from "drizzle-orm";
import { EVENT_CODE_NAMES, type EventCode } from "../../model/codes";
import type { Micros } from "../../model/time/time";
import { MAX_SUMMARY_AGGREGATE_BYTES, MAX_SUMMARY_GROUPS } from "../core/read-limits";
import type { Reader } from "../core/reader";
import { failures } from "../core/tables";
import { type SeriesFilter, textList } from "../counts/series";

/** Which failures to sum, from the buckets of one width. Filters combine; null matches any. */
export interface FailureQuestion extends SeriesFilter {
  code: EventCode | null;
  /** Width of the buckets: 60, 3600 or 86400. */
  seconds: number;
  /** Starts of the first and the last bucket, in seconds since 1970. */
  first: number;
  last: number;
  /** The width of a step of the time series, in seconds: a multiple of the buckets' width. */
  step: number;
  /** The most groups to return. */
  limit: number;
}

/** The application and event type of failures. Empty if an error has none, or if the day has too many groups. */
export interface FailingType {
  application: string;
  category: string;
  name: string;
}

/** The failures of an application and event type with one code at one path. */
export interface Group extends FailingType {
  code: string;
  path: string;
  events: number;
  /** Receipts of the first and the last of them. */
  firstAt: Micros;
  lastAt: Micros;
  /** By step from the range's start, in order. Steps without failures are left out. */
  steps: { place: number; events: number }[];
  /** One of the newest of these errors. */
  lastErrorId: string;
}

/**
 * The groups of one database: all, or the MAX_SUMMARY_GROUPS most frequent if there are too many aggregate rows to
 * sum in the Worker.
 *
 * @throws what D1 throws
 */
export async function groupsIn(reader: Reader, question: FailureQuestion): Promise<Group[]> {
  const buckets = await aggregatesIn(reader, question);
  return buckets.length > 0 ? groupAggregates(buckets, question) : sumUpInDatabase(reader, question);
}

/** The condition for the aggregate rows of some codes. Listed one by one, each code is a range of the primary key. */
export function within({ seconds, first, last }: FailureQuestion, codes: readonly string[]): SQL {
  return sql`${failures.seconds} = ${seconds} AND ${failures.bucket} BETWEEN ${first} AND ${last}
    AND ${inArray(failures.code, [...codes])}`;
}

function conditionsOf(question: FailureQuestion): SQL {
  const { code, applications, category, name } = question;
  const where: SQL[] = [within(question, code === null ? EVENT_CODE_NAMES : [code])];
  for (const [column, text] of [
    [failures.category, category],
    [failures.name, name],
  ] as const) {
    if (text !== null) where.push(sql`${column} = ${text}`);
  }
  if (applications !== null) where.push(sql`${failures.application} IN ${textList(applications)}`);
  return sql.join(where, sql` AND `);
}

/** The aggregate rows of one bucket with one code, as JSON: [[application, category, name, path, events, last_error_id, first, last], …]. */
export interface BucketAggregates {
  code: string;
  bucket: number;
  aggregates: string;
}

/**
 * All aggregate rows in the range, or none if their text passes MAX_SUMMARY_AGGREGATE_BYTES, which is measured
 * before the text is built. By code and bucket they follow the primary key, so the database does not sort; sorting
 * takes four times as long.
 */
async function aggregatesIn(reader: Reader, question: FailureQuestion): Promise<BucketAggregates[]> {
  const where = conditionsOf(question);
  const aggregate = sql`json_array(application, category, name, path, events, last_error_id,
    coalesce(first_at - bucket * 1000000, 0), coalesce(last_at - bucket * 1000000, 0))`;
  return reader.all<BucketAggregates>(sql`
    SELECT code, bucket, json_group_array(${aggregate}) AS aggregates FROM ${failures}
    WHERE ${where} AND
      (SELECT sum(octet_length(${aggregate}) + 1) FROM ${failures} WHERE ${where}) <= ${MAX_SUMMARY_AGGREGATE_BYTES}
    GROUP BY code, bucket`);
}

type AggregateRow = [
  application: string,
  category: string,
  name: string,
  path: string,
  events: number,
  lastErrorId: string,
  /** Microseconds from the start of the bucket. */
  first: number,
  last: number,
];

/** Sums aggregate rows by group. */
export function groupAggregates(
  buckets: BucketAggregates[],
  { first: start, step }: Pick<FailureQuestion, "first" | "step">,
): Group[] {
  const groups = new Map<string, Group & { byPlace: Map<number, number> }>();
  for (const { code, bucket, aggregates } of buckets) {
    const place = Math.floor((bucket - start) / step);
    const own: AggregateRow[] = JSON.parse(aggregates);
    for (const [application, category, name, path, events, lastErrorId, first, last] of own) {
      const [firstAt, lastAt] = [bucket * 1_000_000 + first, bucket * 1_000_000 + last];
      const key = JSON.stringify([application, category, name, code, path]);
      const group = groups.get(key) ?? {
        ...{ application, category, name, code, path, lastErrorId, events: 0, steps: [] },
        ...{ firstAt, lastAt, byPlace: new Map() },
      };
      groups.set(key, group);
      group.events += events;
      group.byPlace.set(place, (group.byPlace.get(place) ?? 0) + events);
      group.firstAt = Math.min(group.firstAt, firstAt);
      if (lastAt < group.lastAt) continue;
      group.lastAt = lastAt;
      group.lastErrorId = lastErrorId;
    }
  }
  return [...groups.values()].map(({ byPlace, ...group }) => ({
    ...group,
    steps: [...byPlace].map(([place, events]) => ({ place, events })).sort((a, b) => a.place - b.place),
  }));
}

/**
 * The MAX_SUMMARY_GROUPS most frequent groups, found without fetching the aggregate rows. Rows are summed by step
 * first, so the size of the result depends on the groups and not on the range.
 *
 * @throws what D1 throws
 */
export async function sumUpInDatabase(reader: Reader, question: FailureQuestion): Promise<Group[]> {
  const { first, step } = question;
  // `newest` is the last receipt in sixteen digits, followed by an error's id. Numbers are bound as REAL, whose division
  // leaves a fraction.
  const rows = await reader.all<
    Omit<Group, "steps" | "lastAt" | "lastErrorId"> & { places: string; newest: string }
  >(sql`
    SELECT application, category, name, code, path, sum(events) AS events, min(earliest) AS firstAt,
      max(newest) AS newest, json_group_array(json_array(place, events)) AS places
    FROM (
      SELECT application, category, name, code, path, CAST((bucket - ${first}) / ${step} AS INTEGER) AS place, sum(events) AS events,
        min(coalesce(first_at, bucket * 1000000)) AS earliest,
        max(substr('0000000000000000' || coalesce(last_at, bucket * 1000000), -16) || last_error_id) AS newest
      FROM ${failures} WHERE ${conditionsOf(question)}
      GROUP BY application, category, name, code, path, place
    ) AS stepped
    GROUP BY application, category, name, code, path
    ORDER BY sum(events) DESC LIMIT ${MAX_SUMMARY_GROUPS}`);
  return rows.map(({ places, newest, ...group }) => {
    const own: [place: number, events: number][] = JSON.parse(places);
    const steps = own.map(([place, events]) => ({ place, events })).sort((a, b) => a.place - b.place);
    return { ...group, steps, lastAt: Number(newest.slice(0, 16)), lastErrorId: newest.slice(16) };
  });
}
