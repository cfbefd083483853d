import { type SQL, sql } from "drizzle-orm";
import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { groupsOf } from "../core/groups-of";
import { storedIdSql, unpackId } from "../core/packed-id";
import { isLate, lanesToRead, type Partition, WINDOW_MICROS, windowOf } from "../partitions/partition";
import type { PartitionMap } from "../partitions/partition-map";
import { placeSessions } from "../partitions/place-sessions";
import { integer } from "../scan/event-order";
import { type LaneSource, lanesIn, laneTable, type PlacedStatement, readAll } from "../scan/lane-chains";
import { eventsOfWindow, type SessionWindowPlace, withWindows } from "../scan/session-windows";
import { withApplications } from "./window-events";

/** Windows of a session, with the lane that holds its events there. */
export type SessionWindows = Map<number, LaneSource>;

/** Sessions in one statement. */
const SESSIONS_PER_STATEMENT = 2_000;

/** Windows of sessions whose events one statement reads: each takes a seek for each of its slots. */
const WINDOWS_PER_STATEMENT = 200;

/** Statements in one call. */
const STATEMENTS_PER_CALL = 10;

/** Windows next to a given one: those before it, newest first, or those after it. */
export interface WindowSearch {
  direction: "before" | "after";
  window: number;
  /** The earliest window of interest. */
  notBefore: number;
  /** The most windows of a session in one lane. */
  most: number;
}

/**
 * Finds other windows in which sessions have events, in the main lanes of all databases: a seek for each session and lane.
 *
 * @param sessions packed
 * @throws DrizzleQueryError
 */
export async function findWindows(
  databases: readonly Database[],
  map: PartitionMap,
  sessions: readonly string[],
  search: WindowSearch,
): Promise<Map<string, SessionWindows>> {
  const placed = placeSessions(partitionsIn(map, search), sessions, unpackId);
  const asked = placed.flatMap(({ partitions, byDatabase }) =>
    databases.flatMap((database) => {
      const lanes = partitions.flatMap((partition) => lanesIn(partition, database)).filter((lane) => !isLate(lane));
      const groups = groupsOf(byDatabase.get(database.index) ?? [], SESSIONS_PER_STATEMENT);
      return groups.flatMap((own) => lanes.map((lane) => ({ lane, own })));
    }),
  );
  const results = await inCalls<{ place: number; windows: string }>(
    asked.map(({ lane, own }) => ({ database: lane.database, statement: windowsStatement(lane, own, search) })),
  );
  const found = new Map<string, SessionWindows>();
  for (const [call, { lane, own }] of asked.entries()) {
    for (const { place, windows } of results[call] ?? []) {
      const session = own[place];
      if (session === undefined) continue;
      const held = found.get(session) ?? new Map<number, LaneSource>();
      found.set(session, held);
      const numbers: number[] = JSON.parse(windows);
      for (const number of numbers) held.set(number, lane);
    }
  }
  return found;
}

function partitionsIn(map: PartitionMap, { direction, window, notBefore }: WindowSearch): Partition[] {
  if (direction === "after") return map.overlapping((window + 1) * WINDOW_MICROS, null);
  return notBefore >= window ? [] : map.overlapping(notBefore * WINDOW_MICROS, window * WINDOW_MICROS - 1);
}

function windowsStatement(
  lane: LaneSource,
  sessions: readonly string[],
  { direction, window, notBefore, most }: WindowSearch,
): SQL {
  const isBefore = direction === "before";
  const isWanted = isBefore
    ? sql`a."window" >= ${integer(notBefore)} AND a."window" < ${integer(window)}`
    : sql`a."window" > ${integer(window)}`;
  return sql`
    WITH found AS MATERIALIZED (
      SELECT key AS place, ${sql.raw(storedIdSql("value"))} AS session_id FROM json_each(${JSON.stringify(sessions)})
    )
    SELECT place, windows FROM (
      SELECT place, (
        SELECT json_group_array("window") FROM (
          SELECT a."window" AS "window" FROM ${laneTable("activity", lane)} AS a
          WHERE a.session_id = found.session_id AND ${isWanted}
          ORDER BY a."window" ${isBefore ? sql`DESC` : sql`ASC`} LIMIT ${integer(most)}
        )
      ) AS windows FROM found
    ) WHERE windows <> '[]'`;
}

/** A window of a session whose events are wanted. */
export interface WantedWindow extends SessionWindowPlace {
  lane: LaneSource;
}

/** The events of a session in a window, of one application. */
export interface EarlierEvents {
  session: string;
  window: number;
  application: string;
  events: number;
  first: Micros;
  last: Micros;
}

/**
 * The events of sessions in other windows, added up by application.
 *
 * @throws DrizzleQueryError
 */
export async function readEarlierEvents(wanted: readonly WantedWindow[]): Promise<EarlierEvents[]> {
  const byLane = Map.groupBy(wanted, ({ lane }) => `${lane.database.index} ${lane.suffix}`);
  const asked = [...byLane.values()].flatMap((own) => groupsOf(own, WINDOWS_PER_STATEMENT));
  const results = await inCalls<{ place: number; series: number; events: number; first: Micros; last: Micros }>(
    asked.flatMap((own): PlacedStatement[] => {
      const [first] = own;
      return first === undefined
        ? []
        : [{ database: first.lane.database, statement: earlierStatement(first.lane, own) }];
    }),
  );
  const found: EarlierEvents[] = [];
  for (const [call, own] of asked.entries()) {
    const database = own[0]?.lane.database;
    if (database === undefined) continue;
    for (const { place, series, ...events } of await withApplications(database, results[call] ?? [])) {
      const { session, window } = own[place] ?? {};
      if (session !== undefined && window !== undefined) found.push({ session, window, ...events });
    }
  }
  return found;
}

function earlierStatement(lane: LaneSource, wanted: readonly WantedWindow[]): SQL {
  return sql`
    ${withWindows(lane, wanted)}
    SELECT place, e.series_id AS series, count(*) AS events, min(e.occurred_at) AS first,
      max(e.occurred_at) AS last
    FROM found CROSS JOIN ${eventsOfWindow(lane)}
    GROUP BY place, e.series_id`;
}

/** The first window of which all earlier events are in the databases. */
export function hotSince(map: PartitionMap, before: Micros): number {
  const gone = map.overlapping(null, before).filter((partition) => {
    return partition.ready && partition.from < before && lanesToRead(partition).every(isLate);
  });
  return Math.max(0, ...gone.map(({ to }) => windowOf(to)));
}

async function inCalls<Row>(statements: readonly PlacedStatement[]): Promise<Row[][]> {
  const results: Row[][] = [];
  for (const some of groupsOf(statements, STATEMENTS_PER_CALL)) results.push(...(await readAll<Row>(some)));
  return results;
}
