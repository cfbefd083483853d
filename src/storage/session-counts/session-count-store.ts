import { type SQL, sql } from "drizzle-orm";
import { utf8Bytes } from "../../model/event/event";
import { DAY_SECONDS, HOUR_SECONDS } from "../../model/time/units";
import type { Database } from "../core/databases";
import { readBatch } from "../core/reader";
import { isWithin, type Span, spansOf } from "../counts/count-tables";
import type { SweepTable } from "../counts/sweep";
import { WINDOW_SECONDS } from "../partitions/partition";
import { integer } from "../scan/event-order";
import { chunks, jsonArray } from "../write/chunks";

/** The counts of sessions that the first database stores. */

/** The widths of stored buckets, in seconds. */
export type SessionWidth = 900 | 3_600 | 86_400;

/** Hashes of visitors that a row keeps: the interval of 95 % reaches 9 to 12 % to each side for an hour, 4 to 6 % for a day. */
export const MAX_VISITORS: Record<SessionWidth, number> = { 900: 512, 3600: 512, 86400: 2_048 };

export interface SessionRow {
  application: string;
  /** Its start, in seconds since 1970. */
  bucket: number;
  /** The number of its events by their counts, before they were read. */
  counted: number;
  /** Sessions that have changed in an earlier window since. Only for ALL_APPLICATIONS. */
  late: number;
  /** In seconds since 1970; 0 if all earlier events of its sessions were in the databases. */
  hotSince: number;
  /** Of a window, for ALL_APPLICATIONS. */
  fingerprint: string | null;
  /** JSON: see model/questions/sessions/session-counts.ts. */
  held: string;
  /** JSON: see model/questions/sessions/duration-table.ts. Null if they have not been counted. */
  durations: string | null;
  /** JSON: see model/questions/sessions/visitor-table.ts. Null if they have not been counted, or if events are archived. */
  visitors: string | null;
}

/** All applications with counts, each found by one seek. */
const EVERY_APPLICATION = `
  WITH RECURSIVE every (application) AS (
    SELECT min(application) FROM session_counts UNION ALL
    SELECT (SELECT min(held.application) FROM session_counts AS held WHERE held.application > every.application)
    FROM every WHERE every.application IS NOT NULL
  )
  SELECT application FROM every WHERE application IS NOT NULL`;

export interface SessionRowQuery {
  application: string;
  seconds: SessionWidth;
  /** Ascending and disjoint. */
  spans: readonly Span[];
  /** False to leave `held` empty. */
  withHeld: boolean;
  /** Unless true, `durations` and `visitors` are empty where they are not null. */
  withDetails?: boolean;
}

/**
 * The stored counts of some buckets, in the order of the queries. Buckets without counts are left out.
 *
 * @throws DrizzleQueryError
 */
export function readSessionRows(database: Database, queries: readonly SessionRowQuery[]): Promise<SessionRow[][]> {
  return readBatch<SessionRow>(database, queries.map(rowsStatement));
}

function rowsStatement({ application, seconds, spans, withHeld, withDetails = false }: SessionRowQuery): SQL {
  const bucket = sql`held.bucket`;
  return sql`
    SELECT held.application AS application, held.bucket AS bucket, held.counted AS counted, held.late AS late,
      held.hot_since AS hotSince, held.fingerprint AS fingerprint, ${withHeld ? sql`held.held` : sql`''`} AS held,
      ${detail("durations", withDetails)} AS durations, ${detail("visitors", withDetails)} AS visitors
    FROM ${spansOf({ spans })} session_counts AS held
    WHERE held.application = ${application} AND held.seconds = ${integer(seconds)} AND ${isWithin({ bucket, spans })}`;
}

function detail(column: "durations" | "visitors", isWanted: boolean): SQL {
  return sql.raw(isWanted ? `held.${column}` : `iif(held.${column} IS NULL, NULL, '')`);
}

export async function countedApplications({ binding }: Database): Promise<string[]> {
  const { results } = await binding.prepare(EVERY_APPLICATION).all<{ application: string }>();
  return results.map(({ application }) => application);
}

/**
 * Replaces all rows of some buckets, in one transaction with `more`. A bucket that has changed again since its row was
 * read stays late.
 *
 * @param rows `late` is the number that was read before their events were
 * @throws what D1 throws
 */
export async function replaceSessionRows(
  { binding }: Database,
  { seconds, buckets, rows }: { seconds: SessionWidth; buckets: readonly number[]; rows: readonly SessionRow[] },
  more: readonly D1PreparedStatement[] = [],
): Promise<void> {
  const remove = binding
    .prepare(
      `DELETE FROM session_counts WHERE (application, seconds, bucket) IN (
         SELECT every.application, ?1, bucket.value FROM (${EVERY_APPLICATION}) AS every CROSS JOIN json_each(?2) AS bucket
         WHERE NOT EXISTS (
           SELECT 1 FROM json_each(?3) AS kept
           WHERE kept.value ->> 0 = every.application AND kept.value ->> 1 = bucket.value
         )
       )`,
    )
    .bind(
      seconds,
      JSON.stringify(buckets),
      JSON.stringify(rows.map(({ application, bucket }) => [application, bucket])),
    );
  const insert = binding.prepare(
    `INSERT INTO session_counts (application, seconds, bucket, counted, late, hot_since, fingerprint, held, durations, visitors)
     SELECT value ->> 0, ?1, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
       value ->> 8
     FROM json_each(?2) WHERE true
     ON CONFLICT DO UPDATE SET counted = excluded.counted, hot_since = excluded.hot_since,
       late = iif(?1 = 900, max(0, session_counts.late - excluded.late), excluded.late),
       fingerprint = excluded.fingerprint, held = excluded.held, durations = excluded.durations,
       visitors = excluded.visitors`,
  );
  const texts = rows.map((row) => {
    const { application, bucket, counted, late, hotSince, fingerprint, held, durations, visitors } = row;
    const text = JSON.stringify([application, bucket, counted, late, hotSince, fingerprint, held, durations, visitors]);
    return { text, bytes: utf8Bytes(text) + 1 };
  });
  await binding.batch([
    remove,
    ...[...chunks(texts)].map((some) => insert.bind(seconds, jsonArray(some.map(({ text }) => text)))),
    ...more,
  ]);
}

/**
 * The statement that notes that sessions have changed before some windows, so that these are counted again.
 *
 * @param changed how many, by the start of the window in seconds since 1970
 */
export function lateStatement({ binding }: Database, changed: ReadonlyMap<number, number>): D1PreparedStatement {
  return binding
    .prepare(
      `UPDATE session_counts SET late = late + changed.sessions
       FROM (
         SELECT width.value AS seconds, bucket.value ->> 0 - bucket.value ->> 0 % width.value AS bucket,
           sum(bucket.value ->> 1) AS sessions
         FROM json_each('[900, 3600, 86400]') AS width CROSS JOIN json_each(?1) AS bucket GROUP BY 1, 2
       ) AS changed
       WHERE session_counts.application = '' AND session_counts.seconds = changed.seconds
         AND session_counts.bucket = changed.bucket`,
    )
    .bind(JSON.stringify([...changed]));
}

/**
 * Forgets the visitors of an hour and of the day that contains it, of every application.
 *
 * @param hour in seconds since 1970
 * @throws what D1 throws
 */
export async function forgetVisitors({ binding }: Database, hour: number): Promise<void> {
  const windows = Array.from({ length: HOUR_SECONDS / WINDOW_SECONDS }, (_, n) => hour + n * WINDOW_SECONDS);
  const places = [
    ...windows.map((bucket) => [WINDOW_SECONDS, bucket]),
    ...[HOUR_SECONDS, DAY_SECONDS].map((seconds) => [seconds, hour - (hour % seconds)]),
  ];
  await binding
    .prepare(
      `UPDATE session_counts SET visitors = NULL WHERE visitors IS NOT NULL AND (application, seconds, bucket) IN (
         SELECT every.application, place.value ->> 0, place.value ->> 1
         FROM (${EVERY_APPLICATION}) AS every CROSS JOIN json_each(?1) AS place
       )`,
    )
    .bind(JSON.stringify(places))
    .run();
}

/** How far the hours have been checked. */
export const SESSION_SWEEP: SweepTable = { table: "session_sweep", began: "began_at" };
