import { type SQL, sql } from "drizzle-orm";
import type { Micros } from "../../model/time/time";
import type { ArchiveBucket } from "../archive/archive-bucket";
import { readColdKeys } from "../archive/cold-events";
import { coldPartitions, filesOfVisitor, rangeUntil } from "../archive/cold-files";
import type { Archive } from "../archive/find-archived";
import type { Database } from "../core/databases";
import { packedSql } from "../core/packed-id";
import { EVENTS_EXAMINED_PER_SESSION } from "../core/read-limits";
import { unionAll } from "../core/union-all";
import { filesOfTypes } from "../events/archived-page";
import { scanFiltered } from "../events/filtered-scan";
import type { Partition } from "../partitions/partition";
import type { PartitionMap } from "../partitions/partition-map";
import { compareEventKeys, type EventKey, type EventRange, integer } from "../scan/event-order";
import { type Chain, chainsOf, readAll } from "../scan/lane-chains";
import { inDirection, mergePartialPages, type Page, type PartialPage, partialPageOf } from "../scan/partial-page";
import { partitionsLeft, scanPartitions } from "../scan/scan-partitions";
import { isKnown, timeTerm } from "../scan/scan-terms";
import { coldFilterOf, isAnySession, type SessionFilter, withProperties } from "./session-filter";

/** The databases, and the archive if there is one. */
export interface SessionSource {
  databases: Database[];
  bucket: ArchiveBucket | null;
}

/** The events that are scanned to find sessions. */
export interface SessionScan {
  range: EventRange;
  filter: SessionFilter;
  /** Sessions of a page. */
  limit: number;
  asOf: Micros;
}

type KeyPage = Page<{ key: EventKey }, EventKey>;

/** The next events below the cursor by which sessions are listed, from the databases and the archive. */
export async function scanForSessions(
  { databases, bucket }: SessionSource,
  map: PartitionMap,
  scan: SessionScan,
): Promise<KeyPage & { isCold: boolean }> {
  const most = Math.max(500, scan.limit * EVENTS_EXAMINED_PER_SESSION);
  const hot = isAnySession(scan.filter)
    ? await scanKeys(databases, map, scan, most)
    : await scanFilteredEvents(databases, map, scan, most);
  const range = rangeUntil(scan.range, hot.next);
  const partitions = bucket === null ? [] : coldPartitions(map, range);
  if (bucket === null || partitions.length === 0) return { ...hot, isCold: false };
  const cold = await scanArchive({ bucket, databases }, partitions, { ...scan, range }, most);
  const compare = inDirection(compareEventKeys, "desc");
  const page = mergePartialPages([{ rows: hot.rows, until: hot.next }, cold], compare, hot.rows.length + most);
  return { ...page, isCold: cold.rows.length > 0 };
}

/** The next matching events of the archive, from the files that the visitor or the types name; otherwise by time. */
export function scanArchive(
  archive: Archive,
  partitions: readonly Partition[],
  { range, filter, asOf }: SessionScan,
  limit: number,
): Promise<PartialPage<{ key: EventKey }, EventKey>> {
  const { visitor } = filter;
  const files = () =>
    visitor === null
      ? filesOfTypes(archive, partitions, filter, range)
      : filesOfVisitor(archive, partitions, visitor, range);
  return readColdKeys(archive, { range, limit, filter: coldFilterOf(filter, asOf), files });
}

/** Scans all events, and reads only their keys. */
function scanKeys(
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

/** Scans the events of the wanted types and applications, and keeps those that have the wanted properties. */
async function scanFilteredEvents(
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
