import type { Database } from "../core/databases";
import { unpackId } from "../core/packed-id";
import { orQueryError } from "../core/reader";
import { lateSuffix, type Partition } from "../partitions/partition";
import type { EventKey } from "../scan/event-order";
import { ReadBudget } from "./file/file-reader";
import { type Archive, findArchived, identityText } from "./find-archived";

/**
 * The reads of R2 that a page may spend on late events. Most late events are of sessions that are not archived, and
 * cost none.
 */
const MAX_READS = 100;

/** An event of a late lane, as a scan reads it. */
interface LaneEvent {
  key: EventKey;
  database: Database;
  suffix: string;
}

/**
 * Removes late events that are already archived: they were sent again after their partition had left the databases,
 * or are being moved at this time.
 *
 * @param partitions the partitions whose events are in the archive
 * @throws DrizzleQueryError, also if R2 cannot be read
 */
export async function dropLateCopies<Event extends LaneEvent>(
  archive: Archive,
  partitions: readonly Partition[],
  events: readonly Event[],
): Promise<Event[]> {
  const suffixes = new Set(partitions.map(lateSuffix));
  const late = events.filter(({ suffix }) => suffixes.has(suffix));
  if (late.length === 0) return [...events];
  const copies = new Set<Event>();
  for (const [database, own] of Map.groupBy(late, (event) => event.database)) {
    const sought = own.map(({ key: { session, occurredAt, tie } }) => ({
      session: unpackId(session),
      occurredAt,
      tie,
    }));
    const known = await orQueryError(findArchived(archive, database, sought, new ReadBudget(MAX_READS)), "the archive");
    for (const [place, event] of own.entries()) {
      const identity = sought[place];
      if (identity !== undefined && known.has(identityText(identity))) copies.add(event);
    }
  }
  return events.filter((event) => !copies.has(event));
}
