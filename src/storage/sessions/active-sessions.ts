import type { SQL } from "drizzle-orm";
import type { Micros } from "../../model/time/time";
import type { ArchiveBucket } from "../archive/archive-bucket";
import { coldPartitions } from "../archive/cold-files";
import { ReadBudget } from "../archive/file/file-reader";
import { TooManyColdReads } from "../archive/session-keys";
import { type Database, metered, type RowMeter } from "../core/databases";
import { unpackId } from "../core/packed-id";
import { MAX_SESSION_COLD_READS, MAX_SESSION_LIST_ROWS, MAX_SESSION_ROUNDS } from "../core/read-limits";
import { withPartitions } from "../partitions/known-partitions";
import type { PartitionMap } from "../partitions/partition-map";
import { compareEventKeys, type EventKey, type EventRange } from "../scan/event-order";
import { inDirection, mergePartialPages, type Page } from "../scan/partial-page";
import { listedBefore } from "./listed-before";
import { conditionsOf, isAnySession, isUnguided, type SessionFilter, type SessionSize } from "./session-filter";
import { type SessionScan, type SessionSource, scanArchive, scanForSessions } from "./session-scan";
import { sessionsOfSize } from "./session-sizes";
import { type SessionTimes, sessionTimes } from "./session-times";
import { scanVisitor } from "./visitor-scan";

export interface SessionQuestion {
  /** Both inclusive; null means no limit. */
  from: Micros | null;
  to: Micros | null;
  /** Only sessions with a matching event in the range, by the last of these. */
  filter: SessionFilter;
  /** Null for any size. */
  size: SessionSize | null;
  /** The applications whose events count for the size: those that the client may read; null for all. */
  visible: readonly string[] | null;
  limit: number;
  after: EventKey | null;
  /**
   * The time at which the scan began. Events received later are left out: they could move a session that a later
   * page should list to before the pages already read.
   */
  asOf: Micros;
  /** Whether to look up each session's first and last event. */
  withTimes: boolean;
}

export interface FoundSession {
  /** Its last matching event in the range, by which it is listed. */
  key: EventKey;
  session: string;
  /** The times of the whole session, regardless of the range. Null if not requested. */
  times: SessionTimes | null;
}

/** A page, and whether the scan reached the archive. */
export interface SessionPage extends Page<FoundSession, EventKey> {
  fromArchive: boolean;
  /** Why no session is listed: the archive cannot answer this in few reads, or a visitor has too many sessions. */
  refused: "cold_scan" | "too_many" | null;
}

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

const NO_SESSIONS = { rows: [], next: null, fromArchive: false };

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

interface Listing {
  source: SessionSource;
  map: PartitionMap;
  question: SessionQuestion;
  conditions: ReadonlyMap<Database, SQL>;
  meter: RowMeter;
  /** The reads of R2 to look up and measure sessions. */
  budget: ReadBudget;
}

type Listed = Omit<FoundSession, "times">;
type ListedPage = Page<Listed, EventKey> & { fromArchive: boolean };

async function listSessions(listing: Listing): Promise<ListedPage> {
  const { source, map, question } = listing;
  const { limit, after, filter, asOf } = question;
  const seen = new Set<string>();
  const listed: Listed[] = [];
  let place = after;
  let tried = 0;
  let fromArchive = false;
  for (let round = 0; round < MAX_SESSION_ROUNDS; round++) {
    const range = { ...rangeOf(question), after: place };
    const { rows, next, isCold } = await scanForSessions(source, map, { range, filter, limit, asOf });
    fromArchive ||= isCold;
    const candidates: Listed[] = [];
    for (const { key } of rows) {
      if (seen.has(key.session)) continue;
      seen.add(key.session);
      candidates.push({ key, session: unpackId(key.session) });
    }
    for (let checked = 0; checked < candidates.length; ) {
      // Each check costs a seek for every slot above the cursor, so no more sessions are checked than are probably
      // needed. The share of sessions to list grows as the scan goes down, so checking many at once has no
      // advantage.
      const needed = ((limit + 1 - listed.length) * Math.max(1, tried)) / Math.max(1, listed.length);
      const most = question.size === null ? 1.5 * (limit + 1) : MEASURED_AT_ONCE;
      const some = candidates.slice(checked, checked + Math.ceil(Math.min(1.25 * needed, most)));
      checked += some.length;
      tried += some.length;
      listed.push(...(await listable(listing, some)));
      if (listed.length > limit) return { ...cut(listed, limit), fromArchive };
      const last = some.at(-1);
      if (last !== undefined && isSpent(listing)) return { rows: listed, next: last.key, fromArchive };
    }
    if (next === null) return { rows: listed, next: null, fromArchive };
    place = next;
  }
  return { rows: listed, next: place, fromArchive };
}

/** Sessions that are measured in one call. */
const MEASURED_AT_ONCE = 25;

function isSpent({ question, meter }: Listing): boolean {
  return question.size !== null && meter.rowsRead > MAX_SESSION_LIST_ROWS;
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
  for (let checked = 0; checked < keys.length; checked += MEASURED_AT_ONCE) {
    const some = keys
      .slice(checked, checked + MEASURED_AT_ONCE)
      .map((key) => ({ key, session: unpackId(key.session) }));
    listed.push(...(await listable(listing, some)));
    if (listed.length > limit) return { ...cut(listed, limit), fromArchive };
    const last = some.at(-1);
    if (last !== undefined && isSpent(listing)) return { rows: listed, next: last.key, fromArchive };
  }
  return { rows: listed, next, fromArchive };
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

/** Archived events of a visitor that one page reads. */
const MAX_VISITOR_EVENTS = 2_000;

/** Returns the sessions that no earlier page has passed and that have the wanted size. */
async function listable(
  { source, map, question, conditions, budget }: Listing,
  some: readonly Listed[],
): Promise<Listed[]> {
  const { from, to, after, asOf, size, filter, visible: applications } = question;
  const sessions = some.map(({ session }) => session);
  const passed = { from, to, after, asOf, conditions, archived: { filter, budget } };
  const hidden = await listedBefore(source, map, passed, sessions);
  const archive = source.bucket === null ? null : { bucket: source.bucket, budget };
  const left = sessions.filter((session) => !hidden.has(session));
  const fitting =
    size === null
      ? new Set(left)
      : await sessionsOfSize(source.databases, map, { from, to, asOf, applications, size, archive }, left);
  return some.filter(({ session }) => fitting.has(session));
}

function cut(listed: readonly Listed[], limit: number): Page<Listed, EventKey> {
  const rows = listed.slice(0, limit);
  return { rows, next: rows.at(-1)?.key ?? null };
}

function rangeOf({ from, to, after }: SessionQuestion): EventRange {
  return { order: "desc", from, to, after };
}
