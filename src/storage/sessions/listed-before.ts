import { type SQL, sql } from "drizzle-orm";
import type { Micros } from "../../model/time/time";
import { coldPartitions } from "../archive/cold-files";
import type { ReadBudget } from "../archive/file/file-reader";
import { sessionsLater } from "../archive/later-sessions";
import { archivedKeysOf } from "../archive/session-keys";
import type { Database } from "../core/databases";
import { storedId, unpackId } from "../core/packed-id";
import type { PartitionMap } from "../partitions/partition-map";
import { boundsOf, compareEventKeys, type EventKey, type EventRange, integer } from "../scan/event-order";
import { type LaneSource, readAll } from "../scan/lane-chains";
import { coldFilterOf, isAnySession, type SessionFilter } from "./session-filter";
import type { SessionSource } from "./session-scan";
import { eventsOfWanted, sessionStatements } from "./wanted-sessions";

/** The part of a scan that earlier pages have passed, and the events by which it lists sessions. */
export interface PassedScan {
  /** The range of the whole scan, both ends inclusive. */
  from: Micros | null;
  to: Micros | null;
  /** Where the page starts; null for the first page. */
  after: EventKey | null;
  asOf: Micros;
  /** The condition on an event `e` by which sessions are listed. */
  conditions: ReadonlyMap<Database, SQL>;
  /** The filter as the archive applies it, and the reads of R2 that are left. Absent: any event counts. */
  archived?: { filter: SessionFilter; budget: ReadBudget };
}

/** Returns the sessions that have an event in the range at or above the cursor. Earlier pages have passed these. */
export async function listedBefore(
  { databases, bucket }: SessionSource,
  map: PartitionMap,
  { from, to, after, asOf, conditions, archived }: PassedScan,
  sessions: readonly string[],
): Promise<Set<string>> {
  if (after === null || sessions.length === 0) return new Set();
  const above: EventRange = { order: "asc", from: Math.max(from ?? 0, after.occurredAt), to, after: null };
  const statements = sessionStatements([...conditions.keys()], map, above, sessions, (lane, wanted) =>
    laterTerm(lane, wanted, above, { after, asOf, condition: conditions.get(lane.database) ?? sql`false` }),
  );
  const found = await readAll<{ session: string }>(statements);
  const hidden = new Set(found.flat().map(({ session }) => unpackId(session)));
  const cold = bucket === null ? [] : coldPartitions(map, above);
  if (bucket === null || cold.length === 0) return hidden;
  const left = sessions.filter((session) => !hidden.has(session));
  const { high } = boundsOf(above);
  const archive = { bucket, databases };
  if (archived === undefined || isAnySession(archived.filter)) {
    const later = await sessionsLater(archive, left, { partitions: cold, from: after, to: high, asOf });
    return new Set([...hidden, ...later]);
  }
  const bounds = { low: after.occurredAt, high };
  const matching = { partitions: cold, sessions: left, bounds, filter: coldFilterOf(archived.filter, asOf) };
  const keys = await archivedKeysOf(archive, matching, archived.budget);
  const later = keys.filter((key) => compareEventKeys(key, after) >= 0).map(({ session }) => unpackId(session));
  return new Set([...hidden, ...later]);
}

/** Selects the sessions that have an event in a lane at or above the cursor. */
function laterTerm(
  lane: LaneSource,
  wanted: SQL,
  above: EventRange,
  { after, asOf, condition }: { after: EventKey; asOf: Micros; condition: SQL },
): SQL {
  const { occurredAt, receivedAfter, session, tie } = after;
  return sql`
    SELECT wanted.packed AS session FROM ${wanted} WHERE EXISTS (
      SELECT 1 FROM ${eventsOfWanted(lane, above, asOf)}
        AND (+e.occurred_at, e.received_after, e.session_id, e.tie) >= (${integer(occurredAt)}, ${integer(receivedAfter)},
          ${storedId(unpackId(session))}, ${integer(tie)})
        AND ${condition}
    )`;
}
