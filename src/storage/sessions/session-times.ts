import { type SQL, sql } from "drizzle-orm";
import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { groupsOf } from "../core/groups-of";
import { packId, storedId, storedIdSql } from "../core/packed-id";
import { unionAll } from "../core/union-all";
import { databaseOf, type Partition } from "../partitions/partition";
import type { PartitionMap } from "../partitions/partition-map";
import { placeSessions } from "../partitions/place-sessions";
import { integer } from "../scan/event-order";
import { chainsOf, type LaneSource, lanesIn, laneTable, readAll } from "../scan/lane-chains";
import { eventsOfWindow, withWindows } from "../scan/session-windows";

/** The first and last times of a whole session. */
export interface SessionTimes {
  firstEventAt: Micros;
  lastEventAt: Micros;
}

/** A lane that holds events of a session, with the first and the last window that has some. */
export interface SessionLane {
  session: string;
  lane: LaneSource;
  first: number;
  last: number;
}

/** Lanes that one statement probes for a session: D1 allows 100 columns and 100 bound parameters. */
const LANES_PER_PROBE = 80;

/**
 * Those of the given partitions that hold events of a session, in the same order. One seek for each of their lanes.
 *
 * @throws DrizzleQueryError
 */
export async function partitionsOfSession(
  databases: Database[],
  partitions: readonly Partition[],
  session: string,
): Promise<Partition[]> {
  const placed = partitions.flatMap((partition) => {
    const database = databases.find(({ index }) => index === databaseOf(partition, session));
    return database === undefined ? [] : lanesIn(partition, database);
  });
  const probes = [...Map.groupBy(placed, ({ database }) => database)].flatMap(([database, lanes]) =>
    groupsOf(lanes, LANES_PER_PROBE).map((some) => ({ database, lanes: some })),
  );
  const results = await readAll<Record<string, number>>(
    probes.map(({ database, lanes }) => ({ database, statement: probeStatement(lanes, session) })),
  );
  const holding = new Set<Partition>();
  for (const [call, { lanes }] of probes.entries()) {
    const found = results[call]?.[0];
    for (const [place, { partition }] of lanes.entries()) if (found?.[`lane_${place}`] === 1) holding.add(partition);
  }
  return partitions.filter((partition) => holding.has(partition));
}

function probeStatement(lanes: readonly LaneSource[], session: string): SQL {
  const columns = lanes.map(
    (lane, place) => sql`EXISTS (
      SELECT 1 FROM ${laneTable("activity", lane)} AS a WHERE a.session_id = ${storedId(session)}
    ) AS ${sql.raw(`lane_${place}`)}`,
  );
  return sql`SELECT ${sql.join(columns, sql`, `)}`;
}

/**
 * The lanes that hold events of some sessions, in order of time. Reads two rows for each lane of a session; a lane
 * without the session costs a seek. For a single session, many lanes are probed at a time first.
 *
 * @throws DrizzleQueryError
 */
export async function lanesOfSessions(
  databases: Database[],
  map: PartitionMap,
  sessions: readonly string[],
): Promise<SessionLane[]> {
  const [only] = sessions;
  const partitions =
    sessions.length === 1 && only !== undefined && map.partitions.length > 1
      ? await partitionsOfSession(databases, map.partitions, only)
      : map.partitions;
  const asked = placeSessions(partitions, sessions, (session) => session).flatMap(({ partitions: alike, byDatabase }) =>
    chainsOf(databases, alike, (_, { index }) => byDatabase.has(index)).map((chain) => ({
      chain,
      own: byDatabase.get(chain.database.index) ?? [],
    })),
  );
  const results = await readAll<{ place: number; lane: number; first: number | null; last: number | null }>(
    asked.map(({ chain: { database, lanes }, own }) => ({
      database,
      statement: unionAll(lanes.map((lane, place) => windowsTerm(lane, place, own))),
    })),
  );
  return asked
    .flatMap(({ chain, own }, call) =>
      (results[call] ?? []).flatMap(({ place, lane: lanePlace, first, last }): SessionLane[] => {
        const session = own[place];
        const lane = chain.lanes[lanePlace];
        return session === undefined || lane === undefined || first === null || last === null
          ? []
          : [{ session, lane, first, last }];
      }),
    )
    .sort((a, b) => a.first - b.first);
}

function windowsTerm(lane: LaneSource, place: number, sessions: readonly string[]) {
  const edge = (direction: string) => sql`(
    SELECT a."window" FROM ${laneTable("activity", lane)} AS a WHERE a.session_id = found.session_id
    ORDER BY a."window" ${sql.raw(direction)} LIMIT 1)`;
  const wanted = JSON.stringify(sessions.map(packId));
  return sql`
    SELECT place, ${integer(place)} AS lane, ${edge("ASC")} AS first, ${edge("DESC")} AS last
    FROM (SELECT key AS place, ${sql.raw(storedIdSql("value"))} AS session_id FROM json_each(${wanted})) AS found
    WHERE EXISTS (SELECT 1 FROM ${laneTable("activity", lane)} AS a WHERE a.session_id = found.session_id)`;
}

/**
 * The first and the last event of some sessions, in any lanes. Reads the numbers of a window's slots up to the first
 * event of the session, twice for each session.
 *
 * @throws DrizzleQueryError
 */
export async function sessionTimes(
  databases: Database[],
  map: PartitionMap,
  sessions: readonly string[],
): Promise<Map<string, SessionTimes>> {
  return timesIn(await lanesOfSessions(databases, map, sessions));
}

/** Like `sessionTimes`, for sessions whose lanes are known. */
export async function timesIn(held: readonly SessionLane[]): Promise<Map<string, SessionTimes>> {
  const edges = [...Map.groupBy(held, ({ session }) => session)].flatMap(([session, own]) => {
    // A late lane may hold events of the same window as the main one, so there can be several first lanes.
    const first = Math.min(...own.map((one) => one.first));
    const last = Math.max(...own.map((one) => one.last));
    return [
      ...own.filter((one) => one.first === first).map(({ lane }) => ({ session, lane, window: first, order: "ASC" })),
      ...own.filter((one) => one.last === last).map(({ lane }) => ({ session, lane, window: last, order: "DESC" })),
    ];
  });
  const calls = [...Map.groupBy(edges, ({ lane, order }) => `${lane.database.index} ${lane.suffix} ${order}`).values()];
  const results = await readAll<{ place: number; moment: number | null }>(
    calls.flatMap((own) => {
      const [first] = own;
      return first === undefined ? [] : [{ database: first.lane.database, statement: extremeStatement(first, own) }];
    }),
  );
  const times = new Map<string, SessionTimes>();
  for (const [call, rows] of results.entries()) {
    for (const { place, moment } of rows) {
      const session = calls[call]?.[place]?.session;
      if (session === undefined || moment === null) continue;
      const known = times.get(session) ?? { firstEventAt: moment, lastEventAt: moment };
      times.set(session, {
        firstEventAt: Math.min(known.firstEventAt, moment),
        lastEventAt: Math.max(known.lastEventAt, moment),
      });
    }
  }
  return times;
}

/** The first or last timestamp of sessions within a window of one lane. */
function extremeStatement(
  { lane, order }: { lane: LaneSource; order: string },
  edges: readonly { session: string; window: number }[],
) {
  const direction = sql.raw(order);
  const windows = edges.map(({ session, window }) => ({ session: packId(session), window }));
  return sql`
    ${withWindows(lane, windows)}
    SELECT place, (
      SELECT e.occurred_at FROM ${eventsOfWindow(lane)} ORDER BY n.n ${direction}, e.occurred_at ${direction} LIMIT 1
    ) AS moment
    FROM found`;
}
