import { sql } from "drizzle-orm";
import type { Micros } from "../../model/time/time";
import { ANY_ARCHIVED } from "../archive/cold-scan";
import type { ReadBudget } from "../archive/file/file-reader";
import type { Archive } from "../archive/find-archived";
import { archivedKeysOf } from "../archive/session-keys";
import { MAX_ROWS_EXAMINED } from "../core/read-limits";
import { isOfApplications } from "../counts/series";
import type { Partition } from "../partitions/partition";
import { PartitionMap } from "../partitions/partition-map";
import { boundsOf, type EventKey, type EventRange } from "../scan/event-order";
import { readAll } from "../scan/lane-chains";
import { eventsOfWanted, sessionStatements } from "./wanted-sessions";

/** Late events of some sessions that are compared with the archive. */
const MAX_LATE_EVENTS = MAX_ROWS_EXAMINED;

/** What a database or the archive holds of a session. The times are null if they do not matter. */
export interface SizeRow {
  session: string;
  events: number;
  first: Micros | null;
  last: Micros | null;
}

interface ArchivedSizeQuestion {
  range: EventRange;
  asOf: Micros;
  applications: readonly string[] | null;
  /** The partitions whose events are in the archive. */
  partitions: readonly Partition[];
}

/** The same map without some partitions. */
export function withoutPartitions(map: PartitionMap, partitions: readonly Partition[]): PartitionMap {
  const ids = new Set(partitions.map(({ id }) => id));
  return new PartitionMap(
    map.revision,
    map.partitions.filter(({ id }) => !ids.has(id)),
  );
}

/**
 * How many events some sessions have in archived partitions, and the first and last of them. An event that is both in
 * the archive and in a late lane counts once.
 *
 * @throws TooManyColdReads, DrizzleQueryError
 */
export async function archivedSizes(
  { databases, bucket }: Archive,
  map: PartitionMap,
  { range, asOf, applications, partitions }: ArchivedSizeQuestion,
  sessions: readonly string[],
  budget: ReadBudget,
): Promise<SizeRow[]> {
  const { low, high } = boundsOf(range);
  // First the databases: an event that moves to the archive meanwhile is then found in both.
  const late = new PartitionMap(map.revision, partitions);
  const statements = sessionStatements(
    databases,
    late,
    range,
    sessions,
    (lane, wanted) =>
      sql`SELECT wanted.packed AS session, e.occurred_at AS occurredAt, e.received_after AS receivedAfter, e.tie AS tie
        FROM ${wanted} CROSS JOIN ${eventsOfWanted(lane, range, asOf)} AND ${isOfApplications(sql`e.series_id`, applications)}`,
  );
  const inLanes = (await readAll<EventKey>(statements)).flat().slice(0, MAX_LATE_EVENTS);
  const filter = { ...ANY_ARCHIVED, applications, receivedUntil: asOf };
  const archived = await archivedKeysOf(
    { databases, bucket },
    { partitions, sessions, bounds: { low, high }, filter },
    budget,
  );
  const events = new Map([...inLanes, ...archived].map((key) => [identityOf(key), key]));
  return [...Map.groupBy(events.values(), ({ session }) => session)].map(([session, own]) => ({
    session,
    events: own.length,
    first: own.reduce((least, { occurredAt }) => Math.min(least, occurredAt), Number.POSITIVE_INFINITY),
    last: own.reduce((most, { occurredAt }) => Math.max(most, occurredAt), Number.NEGATIVE_INFINITY),
  }));
}

function identityOf({ session, occurredAt, tie }: EventKey): string {
  return JSON.stringify([session, occurredAt, tie]);
}
