import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../core/databases";
import { packId, storedIdSql } from "../core/packed-id";
import { unionAll } from "../core/union-all";
import { databaseOf, type Partition } from "../partitions/partition";
import type { PartitionMap } from "../partitions/partition-map";
import { sampleKeyOf } from "../partitions/sample-key";
import { boundsOf, type EventRange } from "../scan/event-order";
import { chainsOf, type LaneSource, type PlacedStatement } from "../scan/lane-chains";

/** Statements that look up sessions in every lane of a range. */

/** Packed id and sample key. */
type WantedSession = [string, number];

/**
 * The statements that look up sessions in the lanes of a range. Each combines one term for each of its lanes.
 *
 * @param termOf the SELECT for a lane. In it, `wanted` has a row for each session, with `packed`, `id` and `sample_key`
 */
export function sessionStatements(
  databases: readonly Database[],
  map: PartitionMap,
  range: EventRange,
  sessions: readonly string[],
  termOf: (lane: LaneSource, wanted: SQL) => SQL,
): PlacedStatement[] {
  const { low, high } = boundsOf(range);
  const groups = Map.groupBy(map.overlapping(low, high), ({ databases: shared }) => JSON.stringify(shared));
  return [...groups.values()].flatMap((partitions) =>
    chainsOf(databases, partitions).flatMap(({ database, lanes }) => {
      const [first] = partitions;
      const own = first === undefined ? [] : sessionsIn(first, database, sessions);
      const statement = unionAll(lanes.map((lane) => termOf(lane, wantedRows(own))));
      return own.length === 0 ? [] : [{ database, statement }];
    }),
  );
}

function sessionsIn(partition: Partition, { index }: Database, sessions: readonly string[]): WantedSession[] {
  return sessions.flatMap((session) =>
    databaseOf(partition, session) === index ? [[packId(session), sampleKeyOf(session)]] : [],
  );
}

/** The LIMIT makes SQLite compute the ids once, and not again for each seek. */
function wantedRows(sessions: readonly WantedSession[]): SQL {
  return sql`(
    SELECT value ->> 0 AS packed, value ->> 1 AS sample_key, ${sql.raw(storedIdSql("(value ->> 0)"))} AS id
    FROM json_each(${JSON.stringify(sessions)}) LIMIT -1
  ) AS wanted`;
}

/** The columns of `wanted` that `slotsOfSession` needs. */
export const WANTED = { id: sql`wanted.id`, sampleKey: sql`wanted.sample_key` };
