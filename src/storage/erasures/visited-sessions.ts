import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../core/databases";
import { packedSql, storedId, unpackId } from "../core/packed-id";
import { withPartitions } from "../partitions/known-partitions";
import { isLate } from "../partitions/partition";
import { type LaneSource, lanesIn, readAll } from "../scan/lane-chains";

/** A place in a scan of sessions: after a session in a lane. */
export interface VisitPlace {
  partition: number;
  database: number;
  isLate: boolean;
  /** Null before the first. */
  after: string | null;
}

/** Lanes queried at a time. */
const LANES_PER_READ = 100;

/**
 * The next sessions of a visitor, all from one lane, with the place after each. Empty at the end.
 *
 * @param place null to start at the beginning
 * @throws DrizzleQueryError
 */
export function nextVisitedSessions(
  databases: readonly Database[],
  visitor: string,
  place: VisitPlace | null,
  limit: number,
): Promise<PlacedSession[]> {
  return nextSessions(databases, databases, place, (lane, behind) => {
    const visits = sql.raw(`visits_${lane.suffix}`);
    return sql`SELECT ${PACKED} AS session FROM ${visits}
      WHERE visitor_id = ${storedId(visitor)} AND ${behind} ORDER BY session_id LIMIT ${limit}`;
  });
}

/** The next sessions of some databases, whoever visited, like `nextVisitedSessions`. */
export function nextStoredSessions(
  databases: readonly Database[],
  scanned: readonly Database[],
  place: VisitPlace | null,
  limit: number,
): Promise<PlacedSession[]> {
  return nextSessions(databases, scanned, place, (lane, behind) => {
    const activity = sql.raw(`activity_${lane.suffix}`);
    return sql`SELECT DISTINCT ${PACKED} AS session FROM ${activity} WHERE ${behind} ORDER BY session_id LIMIT ${limit}`;
  });
}

export interface PlacedSession {
  session: string;
  /** The place after it. */
  place: VisitPlace;
}

const PACKED = sql.raw(packedSql("session_id"));

function nextSessions(
  databases: readonly Database[],
  scanned: readonly Database[],
  place: VisitPlace | null,
  statementOf: (lane: LaneSource, isBehind: SQL) => SQL,
): Promise<PlacedSession[]> {
  return withPartitions(databases, async (map) => {
    const lanes = map.partitions
      .toSorted((a, b) => a.id - b.id)
      .flatMap((partition) =>
        scanned.filter(({ index }) => partition.databases.includes(index)).flatMap((one) => lanesIn(partition, one)),
      )
      .filter((lane) => place === null || compare(placeOf(lane), place) >= 0);
    for (let n = 0; n < lanes.length; n += LANES_PER_READ) {
      const some = lanes.slice(n, n + LANES_PER_READ);
      const results = await readAll<{ session: string }>(
        some.map((lane) => ({ database: lane.database, statement: statementOf(lane, isBehind(lane, place)) })),
      );
      for (const [index, lane] of some.entries()) {
        const found = results[index] ?? [];
        if (found.length === 0) continue;
        return found.map(({ session }) => {
          const own = unpackId(session);
          return { session: own, place: { ...placeOf(lane), after: own } };
        });
      }
    }
    return [];
  });
}

function placeOf(lane: LaneSource): VisitPlace {
  return { partition: lane.partition.id, database: lane.database.index, isLate: isLate(lane), after: null };
}

/** By lane only. */
function compare(a: VisitPlace, b: VisitPlace): number {
  return a.partition - b.partition || a.database - b.database || Number(a.isLate) - Number(b.isLate);
}

function isBehind(lane: LaneSource, place: VisitPlace | null) {
  if (place === null || place.after === null || compare(placeOf(lane), place) !== 0) return sql`true`;
  return sql`session_id > ${storedId(place.after)}`;
}
