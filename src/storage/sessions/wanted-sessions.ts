import { type SQL, sql } from "drizzle-orm";
import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { packId, storedIdSql } from "../core/packed-id";
import { unionAll } from "../core/union-all";
import type { PartitionMap } from "../partitions/partition-map";
import { placeSessions } from "../partitions/place-sessions";
import { sampleKeyOf } from "../partitions/sample-key";
import { boundsIn, boundsOf, type EventRange, integer } from "../scan/event-order";
import { chainsOf, type LaneSource, type PlacedStatement } from "../scan/lane-chains";
import { isKnown, slotsOfSession } from "../scan/scan-terms";

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

/**
 * `events AS e … WHERE …`: the events of the session of a row of `wanted` in a range of one lane, among those that were
 * received before the scan began.
 */
export function eventsOfWanted(lane: LaneSource, range: EventRange, asOf: Micros): SQL {
  const { low, high } = boundsIn(lane.partition, range);
  return sql`${slotsOfSession(lane, { low, high }, { id: sql`wanted.id`, sampleKey: sql`wanted.sample_key` })}
    AND +e.occurred_at BETWEEN ${integer(low)} AND ${integer(high)} AND ${isKnown(asOf)}`;
}
