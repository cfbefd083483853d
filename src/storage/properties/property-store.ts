import { sql } from "drizzle-orm";
import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { readBatch } from "../core/reader";
import { integer } from "../scan/event-order";

/** The counts of property values that a database stores. */

/** Identifies counts: a property, a dimension key and a bucket. */
export interface PropertyBucket {
  property: number;
  series: number;
  /** Its start, in seconds since 1970. */
  bucket: number;
}

export interface HeldCounts extends PropertyBucket {
  counted: number;
  /** JSON; empty if it was not requested. */
  held: string;
}

/** Buckets in one statement: a row may have about 50 KB. */
const BUCKETS_PER_STATEMENT = 24;
const STATEMENTS_PER_CALL = 4;

/**
 * The stored counts of some buckets. Buckets without counts are left out.
 *
 * @param withValues false to read only the number of counted events
 * @throws DrizzleQueryError
 */
export async function readPropertyCounts(
  database: Database,
  seconds: 3_600 | 86_400,
  buckets: readonly PropertyBucket[],
  withValues: boolean,
): Promise<HeldCounts[]> {
  const size = withValues ? BUCKETS_PER_STATEMENT : 2_000;
  const statements = Array.from({ length: Math.ceil(buckets.length / size) }, (_, n) => {
    const wanted = buckets
      .slice(n * size, (n + 1) * size)
      .map(({ property, series, bucket }) => [property, series, bucket]);
    return sql`
      SELECT held.property_id AS property, held.series_id AS series, held.bucket AS bucket, held.counted AS counted,
        ${withValues ? sql`held.held` : sql`''`} AS held
      FROM json_each(${JSON.stringify(wanted)}) AS wanted CROSS JOIN property_counts AS held
      WHERE held.property_id = wanted.value ->> 0 AND held.series_id = wanted.value ->> 1
        AND held.seconds = ${integer(seconds)} AND held.bucket = wanted.value ->> 2`;
  });
  const found: HeldCounts[] = [];
  for (let from = 0; from < statements.length; from += STATEMENTS_PER_CALL) {
    const results = await readBatch<HeldCounts>(database, statements.slice(from, from + STATEMENTS_PER_CALL));
    found.push(...results.flat());
  }
  return found;
}

/** Replaces stored counts: one row written for each. */
export async function writePropertyCounts(
  { binding }: Database,
  seconds: 3_600 | 86_400,
  counts: readonly HeldCounts[],
): Promise<void> {
  const insert = binding.prepare(
    `INSERT INTO property_counts (property_id, series_id, seconds, bucket, counted, held) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
     ON CONFLICT DO UPDATE SET counted = excluded.counted, held = excluded.held`,
  );
  for (let from = 0; from < counts.length; from += 20) {
    await binding.batch(
      counts
        .slice(from, from + 20)
        .map(({ property, series, bucket, counted, held }) =>
          insert.bind(property, series, seconds, bucket, counted, held),
        ),
    );
  }
}

/** How far the hours of a database have been checked. */
export interface Sweep {
  hour: number;
  startedAt: Micros;
}

export async function readSweep({ binding }: Database): Promise<Sweep | null> {
  const row = await binding
    .prepare("SELECT hour, started_at AS startedAt FROM property_sweep WHERE id = 1")
    .first<Sweep>();
  return row;
}

export async function writeSweep({ binding }: Database, { hour, startedAt }: Sweep): Promise<void> {
  await binding
    .prepare(
      `INSERT INTO property_sweep (id, hour, started_at) VALUES (1, ?1, ?2)
       ON CONFLICT DO UPDATE SET hour = excluded.hour, started_at = excluded.started_at`,
    )
    .bind(hour, startedAt)
    .run();
}

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
