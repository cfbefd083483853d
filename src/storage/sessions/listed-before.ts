import { type SQL, sql } from "drizzle-orm";
import type { Micros } from "../../model/time/time";
import { coldPartitions } from "../archive/cold-files";
import { sessionsLater } from "../archive/later-sessions";
import type { Database } from "../core/databases";
import { storedId, unpackId } from "../core/packed-id";
import type { PartitionMap } from "../partitions/partition-map";
import { boundsIn, boundsOf, type EventKey, type EventRange, integer } from "../scan/event-order";
import { type LaneSource, readAll } from "../scan/lane-chains";
import { slotsOfSession } from "../scan/scan-terms";
import { isKnown, type SessionSource } from "./session-scan";
import { sessionStatements, WANTED } from "./wanted-sessions";

/** Above which place sessions are looked for, and by which events. */
export interface PassedScan {
  /** The range of the whole scan, both ends inclusive. */
  from: Micros | null;
  to: Micros | null;
  /** Where the page begins; null: it is the first. */
  after: EventKey | null;
  asOf: Micros;
  /** The condition on an event `e` by which sessions are listed. */
  conditions: ReadonlyMap<Database, SQL>;
}

/** Which of the sessions have an event in the range at the cursor or above it: earlier pages have passed these. */
export async function listedBefore(
  { databases, bucket }: SessionSource,
  map: PartitionMap,
  { from, to, after, asOf, conditions }: PassedScan,
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
  const later = await sessionsLater({ bucket, databases }, left, { partitions: cold, from: after, to: high, asOf });
  return new Set([...hidden, ...later]);
}

/** Those of the sessions that have an event in a lane at or above the cursor. */
function laterTerm(
  lane: LaneSource,
  wanted: SQL,
  above: EventRange,
  { after, asOf, condition }: { after: EventKey; asOf: Micros; condition: SQL },
): SQL {
  const bounds = boundsIn(lane.partition, above);
  const { occurredAt, receivedAfter, session, tie } = after;
  return sql`
    SELECT wanted.packed AS session FROM ${wanted} WHERE EXISTS (
      SELECT 1 FROM ${slotsOfSession(lane, bounds, WANTED)}
        AND +e.occurred_at BETWEEN ${integer(bounds.low)} AND ${integer(bounds.high)} AND ${isKnown(asOf)}
        AND (+e.occurred_at, e.received_after, e.session_id, e.tie) >= (${integer(occurredAt)}, ${integer(receivedAfter)},
          ${storedId(unpackId(session))}, ${integer(tie)})
        AND ${condition}
    )`;
}
