import type { Database } from "../../storage/core/databases";
import { storedIdSql } from "../../storage/core/packed-id";
import { leftoverStatements } from "../../storage/erasures/scrub/leftovers";
import { lateSuffix, type Partition } from "../../storage/partitions/partition";
import type { RowPlace } from "../read-rows";

/**
 * The statements that remove rows from a late lane, and its other tables' rows once it is empty.
 *
 * @throws what D1 throws
 */
export async function removalOfLateRows(
  database: Database,
  partition: Partition,
  places: readonly RowPlace[],
): Promise<D1PreparedStatement[]> {
  const { binding } = database;
  const suffix = lateSuffix(partition);
  const isEmpty = `NOT EXISTS (SELECT 1 FROM events_${suffix})`;
  return [
    binding
      .prepare(
        `DELETE FROM events_${suffix} WHERE (slot, sample_key, session_id, occurred_at, tie) IN (
           SELECT value ->> 0, value ->> 1, ${storedIdSql("(value ->> 2)")}, value ->> 3, value ->> 4 FROM json_each(?1))`,
      )
      .bind(JSON.stringify(places)),
    binding.prepare(`DELETE FROM activity_${suffix} WHERE ${isEmpty}`),
    binding.prepare(`DELETE FROM visits_${suffix} WHERE ${isEmpty}`),
    ...(await leftoverStatements(database, [`events_${suffix}`])),
  ];
}
