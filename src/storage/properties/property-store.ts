import { type SQL, sql } from "drizzle-orm";
import type { DAY_SECONDS, HOUR_SECONDS } from "../../model/time/units";
import type { Database } from "../core/databases";
import { groupsOf } from "../core/groups-of";
import { readBatch } from "../core/reader";
import type { Span } from "../counts/count-tables";
import type { SweepTable } from "../counts/sweep";
import { fillerSql } from "../erasures/filler";
import { integer } from "../scan/event-order";

/** The counts of property values that a database stores. */

/** The widths of stored buckets, in seconds. */
export type PropertyWidth = typeof HOUR_SECONDS | typeof DAY_SECONDS;

/** Identifies counts: a property, a dimension key and a bucket. */
export interface PropertyBucket {
  property: number;
  series: number;
  /** Its start, in seconds since 1970. */
  bucket: number;
}

/** In place of a dimension key: all those of a type. Dimension keys are numbered from 1. */
export const ALL_APPLICATIONS = 0;

export interface HeldCounts extends PropertyBucket {
  counted: number;
  /** JSON; empty if it was not requested. */
  held: string;
}

/** Buckets in one statement: a row may have about 50 KB. */
export const BUCKETS_PER_STATEMENT = 24;
const STATEMENTS_PER_CALL = 4;
const ROWS_PER_WRITE = 20;

/**
 * The stored counts of some buckets. Buckets without counts are left out.
 *
 * @param withValues false to read only the number of counted events
 * @throws DrizzleQueryError
 */
export async function readPropertyCounts(
  database: Database,
  seconds: PropertyWidth,
  buckets: readonly PropertyBucket[],
  withValues: boolean,
): Promise<HeldCounts[]> {
  const size = withValues ? BUCKETS_PER_STATEMENT : 2_000;
  const statements = groupsOf(buckets, size).map((some) => {
    const wanted = some.map(({ property, series, bucket }) => [property, series, bucket]);
    return sql`
      SELECT held.property_id AS property, held.series_id AS series, held.bucket AS bucket, held.counted AS counted,
        ${withValues ? sql`held.held` : sql`''`} AS held
      FROM json_each(${JSON.stringify(wanted)}) AS wanted CROSS JOIN property_counts AS held
      WHERE held.property_id = wanted.value ->> 0 AND held.series_id = wanted.value ->> 1
        AND held.seconds = ${integer(seconds)} AND held.bucket = wanted.value ->> 2`;
  });
  const found: HeldCounts[] = [];
  for (const some of groupsOf(statements, STATEMENTS_PER_CALL)) {
    found.push(...(await readBatch<HeldCounts>(database, some)).flat());
  }
  return found;
}

/**
 * A statement that reads the stored counts with the values of some properties and dimension keys in all buckets of some
 * ranges: a row read for each of them in each range, and for each bucket that has counts.
 */
export function heldStatement(
  seconds: PropertyWidth,
  rows: readonly Omit<PropertyBucket, "bucket">[],
  spans: readonly Span[],
): SQL {
  const wanted = rows.flatMap(({ property, series }) => spans.map((span) => [property, series, ...span]));
  return sql`
    SELECT held.property_id AS property, held.series_id AS series, held.bucket AS bucket, held.counted AS counted,
      held.held AS held
    FROM json_each(${JSON.stringify(wanted)}) AS wanted CROSS JOIN property_counts AS held
    WHERE held.property_id = wanted.value ->> 0 AND held.series_id = wanted.value ->> 1
      AND held.seconds = ${integer(seconds)} AND held.bucket BETWEEN wanted.value ->> 2 AND wanted.value ->> 3`;
}

/** Replaces stored counts: one row written for each. */
export async function writePropertyCounts(
  { binding }: Database,
  seconds: PropertyWidth,
  counts: readonly HeldCounts[],
): Promise<void> {
  const insert = binding.prepare(
    `INSERT INTO property_counts (property_id, series_id, seconds, bucket, counted, held) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
     ON CONFLICT DO UPDATE SET counted = excluded.counted, held = excluded.held`,
  );
  for (const some of groupsOf(counts, ROWS_PER_WRITE)) {
    await binding.batch(
      some.map(({ property, series, bucket, counted, held }) =>
        insert.bind(property, series, seconds, bucket, counted, held),
      ),
    );
  }
}

/** Counts of ALL_APPLICATIONS, and the dimension keys that were added up. */
export interface AddedUp extends Omit<HeldCounts, "series"> {
  keys: readonly number[];
}

/**
 * Replaces the counts of ALL_APPLICATIONS, unless those of the dimension keys have changed since they were read.
 *
 * @returns the number of rows written
 */
export async function writeAddedUp(
  { binding }: Database,
  seconds: PropertyWidth,
  added: readonly AddedUp[],
): Promise<number> {
  const insert = binding.prepare(
    `INSERT INTO property_counts (property_id, series_id, seconds, bucket, counted, held)
     SELECT ?1, ${ALL_APPLICATIONS}, ?2, ?3, ?4, ?5 WHERE ?4 = (
       SELECT sum(counted) FROM property_counts
       WHERE property_id = ?1 AND series_id IN (SELECT value FROM json_each(?6)) AND seconds = ?2 AND bucket = ?3
     ) ON CONFLICT DO UPDATE SET counted = excluded.counted, held = excluded.held`,
  );
  let written = 0;
  for (const some of groupsOf(added, ROWS_PER_WRITE)) {
    const results = await binding.batch(
      some.map(({ property, bucket, counted, held, keys }) =>
        insert.bind(property, seconds, bucket, counted, held, JSON.stringify(keys)),
      ),
    );
    written += results.reduce((sum, { meta }) => sum + meta.changes, 0);
  }
  return written;
}

/**
 * Deletes all counts of some properties, overwritten first: values may name somebody.
 *
 * @throws what D1 throws
 */
export async function forgetPropertyCounts(
  databases: readonly Database[],
  properties: readonly number[],
): Promise<void> {
  if (properties.length === 0) return;
  const isTheirs = "property_id IN (SELECT value FROM json_each(?1))";
  await Promise.all(
    databases.map(({ binding }) =>
      binding.batch(
        [
          `UPDATE property_counts SET held = ${fillerSql("held")} WHERE ${isTheirs}`,
          `DELETE FROM property_counts WHERE ${isTheirs}`,
        ].map((statement) => binding.prepare(statement).bind(JSON.stringify(properties))),
      ),
    ),
  );
}

/** How far the hours of a database have been checked. */
export const PROPERTY_SWEEP: SweepTable = { table: "property_sweep", began: "started_at" };

/** The newest hours before a given time in which some dimension keys have events, newest first. */
export async function newestHours(
  database: Database,
  series: readonly number[],
  before: number,
  most: number,
): Promise<number[]> {
  const [rows = []] = await readBatch<{ hours: string }>(database, [
    sql`SELECT (
        SELECT json_group_array(hour) FROM (
          SELECT hour FROM series_hours WHERE series_id = wanted.value AND hour < ${integer(before)}
          ORDER BY hour DESC LIMIT ${integer(most)}
        )
      ) AS hours FROM json_each(${JSON.stringify(series)}) AS wanted`,
  ]);
  const hours = rows.flatMap((row): number[] => JSON.parse(row.hours));
  return [...new Set(hours)].sort((a, b) => b - a).slice(0, most);
}
