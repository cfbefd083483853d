import type { SQL } from "drizzle-orm";
import type { Micros } from "../../model/time/time";
import type { ReadBudget } from "../archive/file/file-reader";
import type { Database, RowMeter } from "../core/databases";
import { unpackId } from "../core/packed-id";
import { MAX_SESSION_LIST_ROWS } from "../core/read-limits";
import type { PartitionMap } from "../partitions/partition-map";
import type { EventKey, EventRange } from "../scan/event-order";
import type { Page } from "../scan/partial-page";
import { listedBefore } from "./listed-before";
import type { SessionFilter, SessionSize } from "./session-filter";
import type { SessionSource } from "./session-scan";
import { sessionsOfSize } from "./session-sizes";
import type { SessionTimes } from "./session-times";

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

/** What a page of sessions is listed from. */
export interface Listing {
  source: SessionSource;
  map: PartitionMap;
  question: SessionQuestion;
  conditions: ReadonlyMap<Database, SQL>;
  meter: RowMeter;
  /** The reads of R2 to look up and measure sessions. */
  budget: ReadBudget;
}

export type Listed = Omit<FoundSession, "times">;
export type ListedPage = Page<Listed, EventKey> & { fromArchive: boolean };

/**
 * Adds those of the candidates to a page that belong there, checking one group of them at a time.
 *
 * @param nextGroup takes the first of the candidates that are left
 * @returns the page when it is full or has cost enough; null if there is room for more
 */
export async function fillPage(
  listing: Listing,
  listed: Listed[],
  candidates: readonly Listed[],
  nextGroup: (candidates: readonly Listed[]) => Listed[],
): Promise<Page<Listed, EventKey> | null> {
  const { limit } = listing.question;
  for (let left = candidates; left.length > 0; ) {
    const group = nextGroup(left);
    left = left.slice(group.length);
    listed.push(...(await listable(listing, group)));
    if (listed.length > limit) return cut(listed, limit);
    const last = group.at(-1);
    if (last !== undefined && isSpent(listing)) return { rows: listed, next: last.key };
  }
  return null;
}

export function listedBy(key: EventKey): Listed {
  return { key, session: unpackId(key.session) };
}

function isSpent({ question, meter }: Listing): boolean {
  return question.size !== null && meter.rowsRead > MAX_SESSION_LIST_ROWS;
}

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

export function rangeOf({ from, to, after }: SessionQuestion): EventRange {
  return { order: "desc", from, to, after };
}
