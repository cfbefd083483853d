import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../core/databases";
import { packId, storedIdSql } from "../core/packed-id";
import { unionAll } from "../core/union-all";
import type { PartitionMap } from "../partitions/partition-map";
import { placeSessions } from "../partitions/place-sessions";
import { sampleKeyOf } from "../partitions/sample-key";
import { boundsOf, type EventRange } from "../scan/event-order";
import { chainsOf, type LaneSource, type PlacedStatement } from "../scan/lane-chains";

/** Statements that look up sessions in every lane of a range. */

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
  const placed = placeSessions(map.overlapping(low, high), sessions, (session) => session);
  return placed.flatMap(({ partitions, byDatabase }) =>
    chainsOf(databases, partitions).flatMap(({ database, lanes }) => {
      const own = byDatabase.get(database.index) ?? [];
      const statement = unionAll(lanes.map((lane) => termOf(lane, wantedRows(own))));
      return own.length === 0 ? [] : [{ database, statement }];
    }),
  );
}

/** The LIMIT makes SQLite compute the ids once, and not again for each seek. */
function wantedRows(sessions: readonly string[]): SQL {
  const rows = sessions.map((session) => [packId(session), sampleKeyOf(session)]);
  return sql`(
    SELECT value ->> 0 AS packed, value ->> 1 AS sample_key, ${sql.raw(storedIdSql("(value ->> 0)"))} AS id
    FROM json_each(${JSON.stringify(rows)}) LIMIT -1
  ) AS wanted`;
}

/** The columns of `wanted` that `slotsOfSession` needs. */
export const WANTED = { id: sql`wanted.id`, sampleKey: sql`wanted.sample_key` };
