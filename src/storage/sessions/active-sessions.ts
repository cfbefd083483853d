import { type SQL, sql } from "drizzle-orm";
import type { Micros } from "../../model/time/time";
import type { ArchiveBucket } from "../archive/archive-bucket";
import { readColdKeys } from "../archive/cold-events";
import { coldPartitions, rangeUntil } from "../archive/cold-files";
import { sessionsLater } from "../archive/later-sessions";
import type { Database } from "../core/databases";
import { packedSql, packId, storedId, storedIdSql, unpackId } from "../core/packed-id";
import { EVENTS_EXAMINED_PER_SESSION, MAX_SESSION_ROUNDS } from "../core/read-limits";
import { isOfApplications } from "../counts/series";
import { type EventQuestion, scanFiltered } from "../events/find-events";
import { withPartitions } from "../partitions/known-partitions";
import { databaseOf, type Partition } from "../partitions/partition";
import type { PartitionMap } from "../partitions/partition-map";
import { sampleKeyOf } from "../partitions/sample-key";
import { boundsIn, boundsOf, compareEventKeys, type EventKey, type EventRange, integer } from "../scan/event-order";
import { type Chain, chainsOf, type LaneSource, readAll, unionAll } from "../scan/lane-chains";
import { inDirection, mergePartialPages, type Page, type PartialPage, partialPageOf } from "../scan/partial-page";
import { partitionsLeft, scanPartitions } from "../scan/scan-partitions";
import { slotsOfSession, timeTerm } from "../scan/scan-terms";
import { type SessionTimes, sessionTimes } from "./session-times";

export interface SessionQuestion {
  /** Both inclusive; null means no limit. */
  from: Micros | null;
  to: Micros | null;
  /** Only sessions with events of these applications, ordered by the last of these events; null for any. */
  applications: readonly string[] | null;
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
  /** Its last event in the range, by which the list is ordered. */
  key: EventKey;
  session: string;
  /** The times of the whole session, regardless of the range. Null if not requested. */
  times: SessionTimes | null;
}

/**
 * One page of the sessions that have an event within the range, ordered by the last of these events, newest first,
 * each session once.
 *
 * Scans the events down from the cursor, about EVENTS_EXAMINED_PER_SESSION for each session of the page. The first
 * event found of a session is its last in the range, unless the session has a later one above the cursor; an earlier
 * page has then listed it. If these events belong to few sessions, the page scans up to MAX_SESSION_ROUNDS times as
 * many, and may end early.
 *
 * @throws DrizzleQueryError
 */
export function findActiveSessions(
  databases: Database[],
  question: SessionQuestion,
  archive: ArchiveBucket | null = null,
): Promise<SessionPage> {
  return withPartitions(databases, async (map) => {
    const page = await listSessions({ databases, bucket: archive }, map, question);
    // First and last events may be anywhere in the archive, and so may the events of a session that a limited key
    // may read.
    if (page.fromArchive && (question.withTimes || question.applications !== null)) {
      return { ...page, rows: [], needsColdScan: true };
    }
    const times = question.withTimes
      ? await sessionTimes(
          databases,
          map,
          page.rows.map(({ session }) => session),
        )
      : null;
    const rows = page.rows.map((row) => ({ ...row, times: times?.get(row.session) ?? null }));
    return { ...page, rows, needsColdScan: false };
  });
}

/** A page, and whether the scan reached the archive. */
export interface SessionPage extends Page<FoundSession, EventKey> {
  fromArchive: boolean;
  /** True if the archive cannot answer this in few reads. No session is listed then. */
  needsColdScan: boolean;
}

/** The databases, and the archive if there is one. */
interface Source {
  databases: Database[];
  bucket: ArchiveBucket | null;
}

type Listed = Omit<FoundSession, "times">;

async function listSessions(
  source: Source,
  map: PartitionMap,
  question: SessionQuestion,
): Promise<Page<Listed, EventKey> & { fromArchive: boolean }> {
  const { limit, after } = question;
  const seen = new Set<string>();
  const listed: Listed[] = [];
  let place = after;
  let tried = 0;
  let fromArchive = false;
  for (let round = 0; round < MAX_SESSION_ROUNDS; round++) {
    const { rows, next, isCold } = await scanAll(source, map, { ...question, after: place });
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
      const some = candidates.slice(checked, checked + Math.ceil(Math.min(1.25 * needed, 1.5 * (limit + 1))));
      checked += some.length;
      tried += some.length;
      const hidden = await listedBefore(source, map, question, some);
      listed.push(...some.filter(({ session }) => !hidden.has(session)));
      if (listed.length > limit) {
        const page = listed.slice(0, limit);
        return { rows: page, next: page.at(-1)?.key ?? null, fromArchive };
      }
    }
    if (next === null) return { rows: listed, next: null, fromArchive };
    place = next;
  }
  return { rows: listed, next: place, fromArchive };
}

function rangeOf({ from, to, after }: SessionQuestion): EventRange {
  return { order: "desc", from, to, after };
}

/** The next events below the cursor, from the databases and the archive. */
async function scanAll(
  { databases, bucket }: Source,
  map: PartitionMap,
  question: SessionQuestion,
): Promise<Page<{ key: EventKey }, EventKey> & { isCold: boolean }> {
  const hot = await scanEvents(databases, map, question);
  const range = rangeUntil(rangeOf(question), hot.next);
  const partitions = bucket === null ? [] : coldPartitions(map, range);
  if (bucket === null || partitions.length === 0) return { ...hot, isCold: false };
  const limit = Math.max(500, question.limit * EVENTS_EXAMINED_PER_SESSION);
  const asked = { partitions, range, limit, receivedUntil: question.asOf };
  const cold = await readColdKeys({ bucket, databases }, asked);
  const compare = inDirection(compareEventKeys, "desc");
  const page = mergePartialPages([{ rows: hot.rows, until: hot.next }, cold], compare, hot.rows.length + limit);
  return { ...page, isCold: cold.rows.length > 0 };
}

/** The keys of the next events below the cursor: about EVENTS_EXAMINED_PER_SESSION for each session of a page. */
function scanEvents(
  databases: Database[],
  map: PartitionMap,
  question: SessionQuestion,
): Promise<Page<{ key: EventKey }, EventKey>> {
  const range = rangeOf(question);
  const limit = Math.max(500, question.limit * EVENTS_EXAMINED_PER_SESSION);
  if (question.applications !== null) return scanEventsOf(databases, map, { ...question, range, limit });
  return scanPartitions(partitionsLeft(map, range), { limit, order: "desc" }, async (group, wanted) => {
    const chains = chainsOf(databases, group);
    // Each database returns its share. Events of one database beyond the point that another has reached do not
    // count.
    const share = Math.max(100, Math.ceil(Math.min(wanted / databases.length, (4 * wanted) / chains.length)));
    const results = await readAll<EventKey>(
      chains.map((chain) => ({ database: chain.database, statement: keysOf(chain, range, question.asOf, share) })),
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

/** Like `scanEvents`, for the events of some applications. */
async function scanEventsOf(
  databases: Database[],
  map: PartitionMap,
  { applications, range, limit, asOf }: Pick<EventQuestion, "applications" | "range" | "limit"> & { asOf: Micros },
): Promise<Page<{ key: EventKey }, EventKey>> {
  const filter = { session: null, category: null, name: null, applications };
  const { rows, next } = await scanFiltered(databases, map, { ...filter, range, limit });
  return { rows: rows.filter(({ key }) => key.occurredAt + key.receivedAfter <= asOf), next };
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
function isKnown(asOf: Micros): SQL {
  return sql`e.occurred_at + e.received_after <= ${integer(asOf)}`;
}

/** Which of the sessions have an event in the range at or above the cursor: earlier pages have listed these. */
async function listedBefore(
  { databases, bucket }: Source,
  map: PartitionMap,
  { from, to, after, asOf, applications }: SessionQuestion,
  candidates: Listed[],
): Promise<Set<string>> {
  if (after === null || candidates.length === 0) return new Set();
  const above: EventRange = { order: "asc", from: Math.max(from ?? 0, after.occurredAt), to, after: null };
  const { low, high } = boundsOf(above);
  const groups = Map.groupBy(map.overlapping(low, high), ({ databases: shared }) => JSON.stringify(shared));
  const statements = [...groups.values()].flatMap((partitions) =>
    chainsOf(databases, partitions).flatMap(({ database, lanes }) => {
      const [first] = partitions;
      const own = first === undefined ? [] : sessionsIn(first, database, candidates);
      const terms = lanes.map((lane) => laterTerm(lane, own, above, { after, asOf, applications }));
      return own.length === 0 ? [] : [{ database, statement: unionAll(terms) }];
    }),
  );
  const found = await readAll<{ session: string }>(statements);
  const hidden = new Set(found.flat().map(({ session }) => unpackId(session)));
  const cold = bucket === null ? [] : coldPartitions(map, above);
  if (bucket === null || cold.length === 0) return hidden;
  const left = candidates.flatMap(({ session }) => (hidden.has(session) ? [] : [session]));
  const later = await sessionsLater({ bucket, databases }, left, { partitions: cold, from: after, to: high, asOf });
  return new Set([...hidden, ...later]);
}

/** Packed id and sample key. */
type WantedSession = [string, number];

function sessionsIn(partition: Partition, { index }: Database, candidates: Listed[]): WantedSession[] {
  return candidates.flatMap(({ session }) =>
    databaseOf(partition, session) === index ? [[packId(session), sampleKeyOf(session)]] : [],
  );
}

/** Those of the sessions that have an event in a lane at or above the cursor. */
function laterTerm(
  lane: LaneSource,
  sessions: WantedSession[],
  above: EventRange,
  { after, asOf, applications }: { after: EventKey; asOf: Micros; applications: readonly string[] | null },
): SQL {
  const bounds = boundsIn(lane.partition, above);
  const { occurredAt, receivedAfter, session, tie } = after;
  // With a LIMIT, the ids are computed once instead of for each seek.
  return sql`
    SELECT wanted.packed AS session FROM (
      SELECT value ->> 0 AS packed, value ->> 1 AS sample_key, ${sql.raw(storedIdSql("(value ->> 0)"))} AS id
      FROM json_each(${JSON.stringify(sessions)}) LIMIT -1
    ) AS wanted WHERE EXISTS (
      SELECT 1 FROM ${slotsOfSession(lane, bounds, { id: sql`wanted.id`, sampleKey: sql`wanted.sample_key` })}
        AND +e.occurred_at BETWEEN ${integer(bounds.low)} AND ${integer(bounds.high)} AND ${isKnown(asOf)}
        AND ${applications === null ? sql`true` : isOfApplications(sql`e.series_id`, applications)}
        AND (+e.occurred_at, e.received_after, e.session_id, e.tie) >= (${integer(occurredAt)}, ${integer(receivedAfter)},
          ${storedId(unpackId(session))}, ${integer(tie)})
    )`;
}
