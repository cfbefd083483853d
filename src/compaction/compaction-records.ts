import * as v from "valibot";
import type { Micros } from "../model/time/time";
import type { Database } from "../storage/core/databases";
import type { RowPlace } from "./read-rows";

/** How far partitions are copied: the table `compactions` of the first database. Everything here throws what D1 throws. */

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

/** A partition in one of its databases. */
export interface Progress {
  database: number;
  startedAt: Micros;
  /** The last row that is copied; null: none yet. */
  copied: RowPlace | null;
  rows: number;
  done: boolean;
}

/** Begins to keep account of a partition, where nobody has. */
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

/** The condition that a partition is copied as far as it was, for `addFileStatement`. */
export function standsAt(partition: number, { database, copied }: Progress) {
  return {
    sql: `EXISTS (SELECT 1 FROM compactions WHERE partition_id = ?16 AND database = ?17 AND copied IS ?18)`,
    params: [partition, database, copied === null ? null : JSON.stringify(copied)],
  };
}

/** The statement that records what a file has copied. It changes nothing where another has gone on from there already. */
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

/** Records why a partition does not go on; null: it does. */
export async function noteFailure({ binding }: Database, partition: number, failure: string | null): Promise<void> {
  await binding
    .prepare("UPDATE compactions SET failure = ?2 WHERE partition_id = ?1 AND failure IS NOT ?2")
    .bind(partition, failure)
    .run();
}
