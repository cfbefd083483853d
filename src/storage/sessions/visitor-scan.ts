import { type SQL, sql } from "drizzle-orm";
import type { Micros } from "../../model/time/time";
import type { Database, RowMeter } from "../core/databases";
import { MAX_SESSION_LIST_ROWS } from "../core/read-limits";
import { windowOf } from "../partitions/partition";
import type { PartitionMap } from "../partitions/partition-map";
import { compareEventKeys, type EventKey, type EventRange, isBeyond } from "../scan/event-order";
import { type LaneSource, readAll } from "../scan/lane-chains";
import { isNoCopy } from "../scan/scan-terms";
import { MAX_VISITOR_SESSIONS, visitsOf } from "./visitor-sessions";
import { eventsOfWanted, sessionStatements } from "./wanted-sessions";

/** Sessions that are looked up in one call. */
const SESSIONS_PER_CALL = 50;

export interface VisitorScan {
  visitor: string;
  /** Descending. */
  range: EventRange;
  asOf: Micros;
  conditions: ReadonlyMap<Database, SQL>;
  meter: RowMeter;
}

/**
 * The sessions of a visitor, each by its last event below the cursor that meets the conditions; newest first.
 *
 * @returns null if that would read more than MAX_SESSION_LIST_ROWS, or more than MAX_VISITOR_SESSIONS sessions
 * @throws DrizzleQueryError
 */
export async function scanVisitor(
  databases: Database[],
  map: PartitionMap,
  scan: VisitorScan,
): Promise<EventKey[] | null> {
  const { visitor, range, meter, conditions } = scan;
  const visits = await visitsOf(databases, map, visitor);
  if (visits.size > MAX_VISITOR_SESSIONS) return null;
  const sessions = [...visits].filter(([, window]) => window >= windowOf(range.from ?? 0)).map(([session]) => session);
  const keys: EventKey[] = [];
  for (let done = 0; done < sessions.length; done += SESSIONS_PER_CALL) {
    if (meter.rowsRead > MAX_SESSION_LIST_ROWS) return null;
    const some = sessions.slice(done, done + SESSIONS_PER_CALL);
    const statements = sessionStatements([...conditions.keys()], map, range, some, (lane, wanted) =>
      lastTerm(lane, wanted, scan),
    );
    const found = (await readAll<{ session: string; place: string | null }>(statements)).flat();
    keys.push(...found.flatMap(({ session, place }) => (place === null ? [] : [keyOf(session, place)])));
  }
  const bySession = Map.groupBy(keys, ({ session }) => session);
  return [...bySession.values()]
    .flatMap((own) => own.sort((a, b) => compareEventKeys(b, a)).slice(0, 1))
    .sort((a, b) => compareEventKeys(b, a));
}

function lastTerm(lane: LaneSource, wanted: SQL, { range, asOf, conditions }: VisitorScan): SQL {
  const sort = ['a."window"', "n.n", "e.occurred_at", "e.received_after", "e.tie"].map((column) => `${column} DESC`);
  return sql`SELECT wanted.packed AS session, (
      SELECT json_array(e.occurred_at, e.received_after, e.tie) FROM ${eventsOfWanted(lane, range, asOf)}
        AND ${range.after === null ? sql`true` : isBeyond(range.after, "desc", sql`+e.occurred_at`)}
        AND ${lane.main === null ? sql`true` : isNoCopy(lane.main.suffix)}
        AND ${conditions.get(lane.database) ?? sql`false`}
      ORDER BY ${sql.raw(sort.join(", "))} LIMIT 1
    ) AS place FROM ${wanted}`;
}

function keyOf(session: string, place: string): EventKey {
  const [occurredAt, receivedAfter, tie]: [number, number, number] = JSON.parse(place);
  return { occurredAt, receivedAfter, tie, session };
}
