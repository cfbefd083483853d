import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../core/databases";
import { packedSql, storedId, unpackId } from "../core/packed-id";
import { unionAll } from "../core/union-all";
import { withPartitions } from "../partitions/known-partitions";
import type { PartitionMap } from "../partitions/partition-map";
import { integer } from "../scan/event-order";
import { chainsOf, growingGroups, type LaneSource, laneTable, readAll } from "../scan/lane-chains";
import { MAX_GROUP } from "../scan/scan-partitions";
import { type SessionTimes, sessionTimes } from "./session-times";

/** The newest sessions of a visitor that are examined, at two rows each. */
export const MAX_VISITOR_SESSIONS = 2_000;

/** A session's place in the list: the last quarter of an hour in which it was active. */
export interface VisitPlace {
  window: number;
  session: string;
}

export interface VisitorSession extends VisitPlace {
  times: SessionTimes;
}

export interface VisitorPage {
  rows: VisitorSession[];
  next: VisitPlace | null;
  /** The number of the visitor's sessions. MAX_VISITOR_SESSIONS + 1 means more than that. */
  sessions: number;
}

/**
 * One page of a visitor's sessions: those with an event that has this visitor id. Most recently active first, to a
 * quarter of an hour; within the same quarter by id. Examines at most MAX_VISITOR_SESSIONS, and then the first and
 * last event of each session of the page.
 *
 * @throws DrizzleQueryError
 */
export function findVisitorSessions(
  databases: Database[],
  visitor: string,
  { limit, after }: { limit: number; after: VisitPlace | null },
): Promise<VisitorPage> {
  return withPartitions(databases, async (map) => {
    const visits = await visitsOf(databases, map, visitor);
    const places = [...visits].map(([session, window]): VisitPlace => ({ session, window })).sort(compareVisits);
    const left = places.filter((place) => after === null || compareVisits(place, after) > 0);
    const page = left.slice(0, limit);
    const times = await sessionTimes(
      databases,
      map,
      page.map(({ session }) => session),
    );
    const rows = page.flatMap((place) => {
      const own = times.get(place.session);
      return own === undefined ? [] : [{ ...place, times: own }];
    });
    return { rows, next: left.length > limit ? (page.at(-1) ?? null) : null, sessions: visits.size };
  });
}

function compareVisits(a: VisitPlace, b: VisitPlace): number {
  return b.window - a.window || (a.session === b.session ? 0 : a.session < b.session ? -1 : 1);
}

/** The visitor's sessions with their last windows, from the newest partition on, until there are enough. */
export async function visitsOf(
  databases: Database[],
  map: PartitionMap,
  visitor: string,
): Promise<Map<string, number>> {
  const visits = new Map<string, number>();
  for (const group of growingGroups(map.partitions.toReversed(), MAX_GROUP)) {
    const results = await readAll<{ session: string; window: number | null }>(
      chainsOf(databases, group).map(({ database, lanes }) => ({
        database,
        statement: unionAll(lanes.map((lane) => visitsTerm(lane, visitor))),
      })),
    );
    for (const { session, window } of results.flat()) {
      const id = unpackId(session);
      visits.set(id, Math.max(visits.get(id) ?? 0, window ?? 0));
    }
    if (visits.size > MAX_VISITOR_SESSIONS) break;
  }
  const newest = [...visits].sort(([a, aw], [b, bw]) =>
    compareVisits({ session: a, window: aw }, { session: b, window: bw }),
  );
  return new Map(newest.slice(0, MAX_VISITOR_SESSIONS + 1));
}

function visitsTerm(lane: LaneSource, visitor: string): SQL {
  return sql`
    SELECT * FROM (
      SELECT ${sql.raw(packedSql("v.session_id"))} AS session, (
        SELECT a."window" FROM ${laneTable("activity", lane)} AS a WHERE a.session_id = v.session_id
        ORDER BY a."window" DESC LIMIT 1
      ) AS "window"
      FROM ${laneTable("visits", lane)} AS v WHERE v.visitor_id = ${storedId(visitor)}
      ORDER BY v.session_id LIMIT ${integer(MAX_VISITOR_SESSIONS + 1)}
    )`;
}
