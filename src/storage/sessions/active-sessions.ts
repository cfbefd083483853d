import type { ArchiveBucket } from "../archive/archive-bucket";
import { coldPartitions } from "../archive/cold-files";
import { ReadBudget } from "../archive/file/file-reader";
import { TooManyColdReads } from "../archive/session-keys";
import { type Database, metered } from "../core/databases";
import { MAX_SESSION_COLD_READS, MAX_SESSION_ROUNDS } from "../core/read-limits";
import { withPartitions } from "../partitions/known-partitions";
import type { PartitionMap } from "../partitions/partition-map";
import { compareEventKeys, type EventKey } from "../scan/event-order";
import { inDirection, mergePartialPages, type Page } from "../scan/partial-page";
import {
  type FoundSession,
  fillPage,
  type Listed,
  type ListedPage,
  type Listing,
  listedBy,
  rangeOf,
  type SessionQuestion,
} from "./fill-page";
import { conditionsOf, isAnySession, isUnguided } from "./session-filter";
import { type SessionScan, type SessionSource, scanArchive, scanForSessions } from "./session-scan";
import { sessionTimes } from "./session-times";
import { scanVisitor } from "./visitor-scan";

/** Sessions that are measured in one call. */
const MEASURED_AT_ONCE = 25;

/** Archived events of a visitor that one page reads. */
const MAX_VISITOR_EVENTS = 2_000;

/** A page, and whether the scan reached the archive. */
export interface SessionPage extends Page<FoundSession, EventKey> {
  fromArchive: boolean;
  /** Why no session is listed: the archive cannot answer this in few reads, or a visitor has too many sessions. */
  refused: "cold_scan" | "too_many" | null;
}

const NO_SESSIONS = { rows: [], next: null, fromArchive: false };

/**
 * One page of the sessions that have a matching event in the range, by the last of these events, newest first. Each session is
 * listed once.
 *
 * Scans the matching events down from the cursor, about EVENTS_EXAMINED_PER_SESSION for each session of the page. The first
 * event of a session in the scan is its last in the range, unless it has a later one above the cursor. In that case an earlier
 * page has passed the session. If the events belong to few sessions, the scan continues for at most MAX_SESSION_ROUNDS rounds,
 * and the page may end early. With a size it also ends early after MAX_SESSION_LIST_ROWS rows.
 *
 * @throws DrizzleQueryError
 */
export function findActiveSessions(
  databases: Database[],
  question: SessionQuestion,
  archive: ArchiveBucket | null = null,
): Promise<SessionPage> {
  return withPartitions(databases, async (map) => {
    const { databases: own, meter } = metered(databases);
    const conditions = await conditionsOf(own, question.filter);
    const isCold = archive === null || isUnguided(question.filter);
    const source = { databases: own, bucket: isCold ? null : archive };
    const budget = new ReadBudget(MAX_SESSION_COLD_READS);
    const page = await listPage({ source, map, question, conditions, meter, budget });
    if (page === "too_many" || page === "cold_scan") return { ...NO_SESSIONS, refused: page };
    // First and last events may be anywhere in the archive.
    if (page.fromArchive && question.withTimes) return { ...NO_SESSIONS, refused: "cold_scan" };
    const isWhole = isAnySession(question.filter) && question.size === null;
    if (isCold && !isWhole && leadsIntoArchive(map, question, page)) return { ...NO_SESSIONS, refused: "cold_scan" };
    const times = question.withTimes
      ? await sessionTimes(
          databases,
          map,
          page.rows.map(({ session }) => session),
        )
      : null;
    const rows = page.rows.map((row) => ({ ...row, times: times?.get(row.session) ?? null }));
    return { ...page, rows, refused: null };
  });
}

async function listPage(listing: Listing): Promise<ListedPage | "too_many" | "cold_scan"> {
  const { visitor } = listing.question.filter;
  try {
    return visitor === null ? await listSessions(listing) : ((await listVisitor(listing, visitor)) ?? "too_many");
  } catch (thrown) {
    if (thrown instanceof TooManyColdReads) return "cold_scan";
    throw thrown;
  }
}

/** Whether the page depends on a part of the range that is in the archive. */
function leadsIntoArchive(map: PartitionMap, question: SessionQuestion, { next }: Page<unknown, EventKey>): boolean {
  const dependsOnRange = question.size !== null || question.filter.visitor !== null;
  return (dependsOnRange || next === null) && coldPartitions(map, { ...rangeOf(question), after: null }).length > 0;
}

async function listSessions(listing: Listing): Promise<ListedPage> {
  const { source, map, question } = listing;
  const { limit, after, filter, asOf } = question;
  const seen = new Set<string>();
  const listed: Listed[] = [];
  let place = after;
  let tried = 0;
  let fromArchive = false;
  // Each check costs a seek for every slot above the cursor, so no more sessions are checked than are probably needed. The
  // share of sessions to list grows as the scan goes down, so checking many at once has no advantage.
  const nextGroup = (candidates: readonly Listed[]) => {
    const needed = ((limit + 1 - listed.length) * Math.max(1, tried)) / Math.max(1, listed.length);
    const most = question.size === null ? 1.5 * (limit + 1) : MEASURED_AT_ONCE;
    const group = candidates.slice(0, Math.ceil(Math.min(1.25 * needed, most)));
    tried += group.length;
    return group;
  };
  for (let round = 0; round < MAX_SESSION_ROUNDS; round++) {
    const range = { ...rangeOf(question), after: place };
    const { rows, next, isCold } = await scanForSessions(source, map, { range, filter, limit, asOf });
    fromArchive ||= isCold;
    const candidates: Listed[] = [];
    for (const { key } of rows) {
      if (seen.has(key.session)) continue;
      seen.add(key.session);
      candidates.push(listedBy(key));
    }
    const page = await fillPage(listing, listed, candidates, nextGroup);
    if (page !== null) return { ...page, fromArchive };
    if (next === null) return { rows: listed, next: null, fromArchive };
    place = next;
  }
  return { rows: listed, next: place, fromArchive };
}

/** Returns null if the visitor has too many sessions. */
async function listVisitor(listing: Listing, visitor: string): Promise<ListedPage | null> {
  const { source, map, question, conditions, meter } = listing;
  const { limit, asOf, filter } = question;
  const range = rangeOf(question);
  const hot = await scanVisitor(source.databases, map, { visitor, range, asOf, conditions, meter });
  if (hot === null) return null;
  const { keys, next, fromArchive } = await withArchived(source, map, { range, filter, limit, asOf }, hot);
  const listed: Listed[] = [];
  const nextGroup = (candidates: readonly Listed[]) => candidates.slice(0, MEASURED_AT_ONCE);
  const page = await fillPage(listing, listed, keys.map(listedBy), nextGroup);
  return { ...(page ?? { rows: listed, next }), fromArchive };
}

/** A visitor's sessions by their last events in the databases and in the archive, as far as this is read at once. */
async function withArchived(
  { databases, bucket }: SessionSource,
  map: PartitionMap,
  scan: SessionScan,
  hot: readonly EventKey[],
): Promise<{ keys: EventKey[]; next: EventKey | null; fromArchive: boolean }> {
  const partitions = bucket === null ? [] : coldPartitions(map, scan.range);
  if (bucket === null || partitions.length === 0) return { keys: [...hot], next: null, fromArchive: false };
  const cold = await scanArchive({ bucket, databases }, partitions, scan, MAX_VISITOR_EVENTS);
  const pages = [{ rows: hot.map((key) => ({ key })), until: null }, cold];
  const { rows, next } = mergePartialPages(pages, inDirection(compareEventKeys, "desc"), Number.MAX_SAFE_INTEGER);
  const bySession = Map.groupBy(
    rows.map(({ key }) => key),
    ({ session }) => session,
  );
  return { keys: [...bySession.values()].flatMap(([last]) => last ?? []), next, fromArchive: cold.rows.length > 0 };
}
