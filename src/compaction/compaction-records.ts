import * as v from "valibot";
import type { Micros } from "../model/time/time";
import type { Database } from "../storage/core/databases";
import type { RowPlace } from "./read-rows";

/**
 * How much of each partition has been copied: the table `compactions` of the first database. All functions here
 * throw what D1 throws.
 */

const PlaceSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.strictTuple([v.number(), v.number(), v.string(), v.number(), v.number()]),
);

const RowSchema = v.object({
  database: v.number(),
  started_at: v.number(),
  copied: v.nullable(PlaceSchema),
  rows: v.number(),
  done: v.number(),
});

/** The copy progress of a partition in one of its databases. */
export interface Progress {
  database: number;
  startedAt: Micros;
  /** The last copied row, or null before the first. */
  copied: RowPlace | null;
  rows: number;
  done: boolean;
}

/** Starts the records of a partition. Existing records stay. */
export async function beginProgress(
  { binding }: Database,
  { id, databases }: { id: number; databases: readonly number[] },
  now: Micros,
): Promise<void> {
  await binding
    .prepare(
      `INSERT INTO compactions (partition_id, database, started_at, copied, rows, done)
       SELECT ?1, value, ?3, NULL, 0, 0 FROM json_each(?2) WHERE true ON CONFLICT DO NOTHING`,
    )
    .bind(id, JSON.stringify(databases), now)
    .run();
}

export async function readProgress({ binding }: Database, partition: number): Promise<Progress[]> {
  const { results } = await binding
    .prepare(
      "SELECT database, started_at, copied, rows, done FROM compactions WHERE partition_id = ?1 ORDER BY database",
    )
    .bind(partition)
    .all();
  return v.parse(v.array(RowSchema), results).map(({ database, started_at, copied, rows, done }) => ({
    ...{ database, copied, rows, startedAt: started_at, done: done === 1 },
  }));
}

/** The condition that a partition's progress has not changed, for `addFileStatement`. */
export function standsAt(partition: number, { database, copied }: Progress) {
  return {
    sql: `EXISTS (SELECT 1 FROM compactions WHERE partition_id = ?17 AND database = ?18 AND copied IS ?19)`,
    params: [partition, database, copied === null ? null : JSON.stringify(copied)],
  };
}

/**
 * The statement that records what a file has copied. It changes nothing if another consumer has already advanced the
 * progress.
 */
export function advanceStatement(
  { binding }: Database,
  partition: number,
  before: Progress,
  copied: RowPlace,
  rows: number,
): D1PreparedStatement {
  return binding
    .prepare(
      `UPDATE compactions SET copied = ?4, rows = rows + ?5, failure = NULL
       WHERE partition_id = ?1 AND database = ?2 AND copied IS ?3`,
    )
    .bind(
      partition,
      before.database,
      before.copied === null ? null : JSON.stringify(before.copied),
      JSON.stringify(copied),
      rows,
    );
}

export async function markCopied({ binding }: Database, partition: number, database: number): Promise<void> {
  await binding
    .prepare("UPDATE compactions SET done = 1 WHERE partition_id = ?1 AND database = ?2")
    .bind(partition, database)
    .run();
}

/** The statement that deletes the records of a partition that is being copied: it is copied from the beginning. */
export function restartStatement({ binding }: Database, partition: number): D1PreparedStatement {
  return binding.prepare(`DELETE FROM compactions WHERE partition_id = ?1 AND ${IS_SEALED}`).bind(partition);
}

/** The condition that the partition ?1 is being copied. */
export const IS_SEALED = "EXISTS (SELECT 1 FROM partitions WHERE partition_id = ?1 AND state = 'sealed')";

/** Records why a partition is stuck, or null if it is not. */
export async function noteFailure({ binding }: Database, partition: number, failure: string | null): Promise<void> {
  await binding
    .prepare("UPDATE compactions SET failure = ?2 WHERE partition_id = ?1 AND failure IS NOT ?2")
    .bind(partition, failure)
    .run();
}
