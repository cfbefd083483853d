import { type SQL, sql } from "drizzle-orm";
import type { Micros } from "../../model/time/time";
import type { ArchiveBucket } from "../archive/archive-bucket";
import { readColdKeys } from "../archive/cold-events";
import { coldPartitions, rangeUntil } from "../archive/cold-files";
import type { Database } from "../core/databases";
import { packedSql } from "../core/packed-id";
import { EVENTS_EXAMINED_PER_SESSION } from "../core/read-limits";
import { scanFiltered } from "../events/find-events";
import type { PartitionMap } from "../partitions/partition-map";
import { compareEventKeys, type EventKey, type EventRange, integer } from "../scan/event-order";
import { type Chain, chainsOf, readAll, unionAll } from "../scan/lane-chains";
import { inDirection, mergePartialPages, type Page, type PartialPage, partialPageOf } from "../scan/partial-page";
import { partitionsLeft, scanPartitions } from "../scan/scan-partitions";
import { timeTerm } from "../scan/scan-terms";
import { isAnySession, type SessionFilter, withProperties } from "./session-filter";

/** The databases, and the archive if there is one. */
export interface SessionSource {
  databases: Database[];
  bucket: ArchiveBucket | null;
}

/** Which events are gone down through to find sessions. */
export interface SessionScan {
  range: EventRange;
  filter: SessionFilter;
  /** Sessions of a page. */
  limit: number;
  asOf: Micros;
}

type KeyPage = Page<{ key: EventKey }, EventKey>;

/** The next events below the cursor that a session is listed by, of the databases and the archive. */
export async function scanForSessions(
  { databases, bucket }: SessionSource,
  map: PartitionMap,
  scan: SessionScan,
): Promise<KeyPage & { isCold: boolean }> {
  const most = Math.max(500, scan.limit * EVENTS_EXAMINED_PER_SESSION);
  const hot = isAnySession(scan.filter)
    ? await scanEvents(databases, map, scan, most)
    : await scanMatching(databases, map, scan, most);
  const range = rangeUntil(scan.range, hot.next);
  const partitions = bucket === null ? [] : coldPartitions(map, range);
  if (bucket === null || partitions.length === 0) return { ...hot, isCold: false };
  const asked = { partitions, range, limit: most, receivedUntil: scan.asOf };
  const cold = await readColdKeys({ bucket, databases }, asked);
  const compare = inDirection(compareEventKeys, "desc");
  const page = mergePartialPages([{ rows: hot.rows, until: hot.next }, cold], compare, hot.rows.length + most);
  return { ...page, isCold: cold.rows.length > 0 };
}

/** By the keys alone. */
function scanEvents(
  databases: Database[],
  map: PartitionMap,
  { range, asOf }: SessionScan,
  limit: number,
): Promise<KeyPage> {
  return scanPartitions(partitionsLeft(map, range), { limit, order: "desc" }, async (group, wanted) => {
    const chains = chainsOf(databases, group);
    // Each database returns its share. Events of one database beyond the point that another has reached do not
    // count.
    const share = Math.max(100, Math.ceil(Math.min(wanted / databases.length, (4 * wanted) / chains.length)));
    const results = await readAll<EventKey>(
      chains.map((chain) => ({ database: chain.database, statement: keysOf(chain, range, asOf, share) })),
    );
    return results.map(
      (rows): PartialPage<{ key: EventKey }, EventKey> =>
        partialPageOf(
          rows.map((key) => ({ key })),
          share,
        ),
    );
  });
}

/** Through the events of some types and applications, of which those are kept that have the wanted properties. */
async function scanMatching(
  databases: Database[],
  map: PartitionMap,
  { range, filter, asOf }: SessionScan,
  limit: number,
): Promise<KeyPage> {
  const { category, name, applications } = filter;
  const page = await scanFiltered(databases, map, { session: null, category, name, applications, range, limit });
  const known = page.rows.filter(({ key }) => key.occurredAt + key.receivedAfter <= asOf);
  return { rows: [...(await withProperties(known, filter.properties))], next: page.next };
}

function keysOf({ lanes }: Chain, range: EventRange, asOf: Micros, limit: number): SQL {
  const terms = lanes.map((lane) => {
    const { from, sort } = timeTerm(lane, range);
    return sql`
      SELECT e.occurred_at AS occurredAt, e.received_after AS receivedAfter, ${sql.raw(packedSql("e.session_id"))} AS session,
        e.tie AS tie
      FROM (SELECT e.occurred_at, e.received_after, e.session_id, e.tie ${from} AND ${isKnown(asOf)}
        ORDER BY ${sort} LIMIT ${integer(limit + 1)}) AS e`;
  });
  return sql`${unionAll(terms)} LIMIT ${integer(limit + 1)}`;
}

/** The condition that an event was received before the scan began. */
export function isKnown(asOf: Micros): SQL {
  return sql`e.occurred_at + e.received_after <= ${integer(asOf)}`;
}
