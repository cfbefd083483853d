import type { ArchiveBucket } from "../archive/archive-bucket";
import { coldPartitions, filesOfSession } from "../archive/cold-files";
import type { Database } from "../core/databases";
import { firstDatabase } from "../core/databases";
import { MAX_EVENTS_COUNTED, MAX_SESSION_PAGES } from "../core/read-limits";
import { orQueryError } from "../core/reader";
import { readPartitionMap } from "../partitions/known-partitions";
import type { EventKey, EventRange, Order } from "../scan/event-order";
import { type SessionSummary, summariseSession } from "../sessions/session-summary";
import { findEvents } from "./find-events";
import type { FoundEvent } from "./named-events";
import { findStoredEvent, type ReceiptQuestion, type StoredReceipt } from "./receipts/stored-receipt";

/** Sessions that are partly in the archive. They are read page by page, because no table has their keys. */

const PAGE = 1_000;

/** @throws DrizzleQueryError */
async function isInArchive(databases: Database[], archive: ArchiveBucket, session: string): Promise<boolean> {
  const range: EventRange = { order: "asc", from: null, to: null, after: null };
  const partitions = coldPartitions(await readPartitionMap(firstDatabase(databases)), range);
  if (partitions.length === 0) return false;
  const found = filesOfSession({ bucket: archive, databases }, partitions, session, range);
  return (await orQueryError(found, "the session index")).files.length > 0;
}

/** Reads a session's events from one end, at most MAX_SESSION_PAGES pages. */
async function readSession(
  { databases, archive }: { databases: Database[]; archive: ArchiveBucket },
  { session, applications }: Pick<ReceiptQuestion, "session" | "applications">,
  order: Order,
  pages: number,
) {
  const rows: FoundEvent[] = [];
  let after: EventKey | null = null;
  for (let page = 0; page < pages; page++) {
    const anyType = { category: null, name: null, applications };
    const range: EventRange = { order, from: null, to: null, after };
    const found = await findEvents(databases, { session, ...anyType, range, limit: PAGE }, archive);
    rows.push(...found.rows);
    if (found.next === null) return { rows, isWhole: true };
    after = found.next;
  }
  return { rows, isWhole: false };
}

export interface WholeSummary extends SessionSummary {
  /** False if it has more events than were counted. */
  isCounted: boolean;
}

/**
 * Like `summariseSession`, over the databases and the archive. Counts at most MAX_SESSION_PAGES thousand events of a
 * session in the archive.
 *
 * @throws DrizzleQueryError
 */
export async function summariseWholeSession(
  databases: Database[],
  { session, applications }: Pick<ReceiptQuestion, "session" | "applications">,
  archive: ArchiveBucket | null,
): Promise<WholeSummary | null> {
  if (archive === null || !(await isInArchive(databases, archive, session))) {
    const summary = await summariseSession(databases, session, applications);
    return summary === null ? null : { ...summary, isCounted: summary.events <= MAX_EVENTS_COUNTED };
  }
  const [source, sought] = [
    { databases, archive },
    { session, applications },
  ];
  const { rows, isWhole } = await readSession(source, sought, "asc", MAX_SESSION_PAGES);
  const last = isWhole ? rows.at(-1) : (await readSession(source, sought, "desc", 1)).rows[0];
  const [first] = rows;
  if (first === undefined || last === undefined) return null;
  return {
    firstEventAt: first.occurredAt,
    lastEventAt: last.occurredAt,
    events: rows.length,
    applications: [...new Set(rows.map(({ application }) => application))].sort(),
    isCounted: isWhole,
  };
}

/**
 * Like `findStoredEvent`, over the databases and the archive. For a session in the archive, it searches the first
 * MAX_SESSION_PAGES thousand events and the last thousand.
 *
 * @throws DrizzleQueryError
 */
export async function findWholeReceipt(
  databases: Database[],
  question: ReceiptQuestion,
  archive: ArchiveBucket | null,
): Promise<StoredReceipt | null> {
  const { session, id, applications } = question;
  if (archive === null || !(await isInArchive(databases, archive, session)))
    return findStoredEvent(databases, question);
  const { rows, isWhole } = await readSession(
    { databases, archive },
    { session, applications: null },
    "asc",
    MAX_SESSION_PAGES,
  );
  const isSought = (row: FoundEvent) => row.id === id && (applications?.includes(row.application) ?? true);
  const newest = isWhole
    ? []
    : (await readSession({ databases, archive }, { session, applications: null }, "desc", 1)).rows;
  const all = [...rows, ...newest.toReversed().filter((row) => !rows.some((known) => isSameEvent(known, row)))];
  const found = all.filter(isSought);
  const last = found.at(-1);
  if (last === undefined) return null;
  const place = rows.findIndex((row) => isSameEvent(row, last));
  return {
    application: last.application,
    occurredAt: last.occurredAt,
    receivedAt: last.receivedAt,
    position: place === -1 ? null : place + 1,
    events: found.length,
  };
}

function isSameEvent(a: FoundEvent, b: FoundEvent): boolean {
  return a.occurredAt === b.occurredAt && a.id === b.id;
}
