import type { SQL } from "drizzle-orm";
import type { Micros } from "../../model/time/time";
import type { ArchiveBucket } from "../archive/archive-bucket";
import { coldPartitions } from "../archive/cold-files";
import { type Database, metered, type RowMeter } from "../core/databases";
import { unpackId } from "../core/packed-id";
import { MAX_SESSION_LIST_ROWS, MAX_SESSION_ROUNDS } from "../core/read-limits";
import { withPartitions } from "../partitions/known-partitions";
import type { PartitionMap } from "../partitions/partition-map";
import type { EventKey, EventRange } from "../scan/event-order";
import type { Page } from "../scan/partial-page";
import { listedBefore } from "./listed-before";
import { conditionsOf, isAnySession, type SessionFilter, type SessionSize } from "./session-filter";
import { type SessionSource, scanForSessions } from "./session-scan";
import { sessionsOfSize } from "./session-sizes";
import { type SessionTimes, sessionTimes } from "./session-times";
import { scanVisitor } from "./visitor-scan";

export interface SessionQuestion {
  /** Both inclusive; null means no limit. */
  from: Micros | null;
  to: Micros | null;
  /** Only sessions with an event in the range that matches, by the last of these. */
  filter: SessionFilter;
  /** Null: of any size. */
  size: SessionSize | null;
  /** The applications whose events count for the size: those that whoever asks sees; null: all. */
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
  /** Its last event in the range that matches, by which it is listed. */
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
 * One page of the sessions that have a matching event within the range, by the last of these events, the newest first, each
 * session once.
 *
 * Goes down through the matching events from the cursor on, some EVENTS_EXAMINED_PER_SESSION for each session of the page. A
 * session's first event on this way is its last in the range, unless it has a later one, above the cursor: then an earlier page
 * has passed it. Where events of few sessions fill the way, the page goes on MAX_SESSION_ROUNDS times and may end short. With a
 * size it also ends short after MAX_SESSION_LIST_ROWS rows.
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
    const listing = { source: { databases: own, bucket: archive }, map, question, conditions, meter };
    const { visitor } = question.filter;
    const page = visitor === null ? await listSessions(listing) : await listVisitor(listing, visitor);
    if (page === null) return { rows: [], next: null, fromArchive: false, refused: "too_many" };
    // First and last events may lie anywhere in the archive, and so may what matches a filter.
    const isWhole = isAnySession(question.filter) && question.size === null;
    if ((page.fromArchive && (question.withTimes || !isWhole)) || (!isWhole && leadsIntoArchive(map, question, page))) {
      return { ...page, rows: [], refused: "cold_scan" };
    }
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

/** Whether the archive holds a part of the range that the size of a session or a visitor's sessions depend on. */
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

/** Null: the visitor has too many sessions. */
async function listVisitor(listing: Listing, visitor: string): Promise<ListedPage | null> {
  const { source, map, question, conditions, meter } = listing;
  const { limit, asOf } = question;
  const keys = await scanVisitor(source.databases, map, {
    ...{ visitor, range: rangeOf(question), asOf, conditions, meter },
  });
  if (keys === null) return null;
  const listed: Listed[] = [];
  for (let checked = 0; checked < keys.length; checked += MEASURED_AT_ONCE) {
    const some = keys
      .slice(checked, checked + MEASURED_AT_ONCE)
      .map((key) => ({ key, session: unpackId(key.session) }));
    listed.push(...(await listable(listing, some)));
    if (listed.length > limit) return { ...cut(listed, limit), fromArchive: false };
    const last = some.at(-1);
    if (last !== undefined && isSpent(listing)) return { rows: listed, next: last.key, fromArchive: false };
  }
  return { rows: listed, next: null, fromArchive: false };
}

/** Those of some sessions that no earlier page has passed and that are of the asked size. */
async function listable({ source, map, question, conditions }: Listing, some: readonly Listed[]): Promise<Listed[]> {
  const { from, to, after, asOf, size, visible: applications } = question;
  const sessions = some.map(({ session }) => session);
  const hidden = await listedBefore(source, map, { from, to, after, asOf, conditions }, sessions);
  const left = sessions.filter((session) => !hidden.has(session));
  const fitting =
    size === null
      ? new Set(left)
      : await sessionsOfSize(source.databases, map, { from, to, asOf, applications, size }, left);
  return some.filter(({ session }) => fitting.has(session));
}

function cut(listed: readonly Listed[], limit: number): Page<Listed, EventKey> {
  const rows = listed.slice(0, limit);
  return { rows, next: rows.at(-1)?.key ?? null };
}

function rangeOf({ from, to, after }: SessionQuestion): EventRange {
  return { order: "desc", from, to, after };
}
