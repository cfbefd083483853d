import { and, eq, sql } from "drizzle-orm";
import { ACTIVITY_SLOT_MICROS } from "../model/limits";
import type { Micros } from "../model/time";
import type { Database } from "./databases";
import { compareEventKeys, type EventKey, inOrder, withinRange } from "./order";
import { packedColumn, storedId, unpackId } from "./packed-id";
import { MAX_EVENTS_COUNTED, MAX_OPENINGS_EXAMINED } from "./read-limits";
import { type Reader, readerOf } from "./reader";
import { seriesOf } from "./series";
import { inDirection, mergeStretches, type Page, type Stretch, stretchOf } from "./stretch";
import { events } from "./tables";

export interface SessionQuestion {
  /** Both inclusive; null: without end. */
  from: Micros | null;
  to: Micros | null;
  limit: number;
  after: EventKey | null;
  /**
   * The moment at which the walk began. Events received later are left out of it: they would carry a session that a
   * later page should list past the pages that were read already.
   */
  asOf: Micros;
}

export interface FoundSession {
  key: EventKey;
  session: string;
  /** Of the whole session, whatever the range. */
  firstEventAt: Micros;
  lastEventAt: Micros;
}

/**
 * One page of the sessions that have an event within the range, by their newest activity: the opening (first accepted
 * event) of the last quarter of an hour of the range in which they were active. Newest first, each session once.
 *
 * Looks at MAX_OPENINGS_EXAMINED openings in each database at most, and at one to three index entries for each: a long
 * session has one opening for each quarter of an hour, and all but the newest are passed over.
 *
 * @throws what D1 throws
 */
export async function findActiveSessions(
  databases: Database[],
  question: SessionQuestion,
): Promise<Page<FoundSession, EventKey>> {
  const stretches = await Promise.all(databases.map((database) => scanOpenings(readerOf(database), question)));
  return mergeStretches(stretches, inDirection(compareEventKeys, "desc"), question.limit);
}

const SLOT = sql.raw(String(ACTIVITY_SLOT_MICROS));

interface OpeningRow extends EventKey {
  firstEventAt: Micros;
  lastEventAt: Micros;
}

async function scanOpenings(reader: Reader, question: SessionQuestion): Promise<Stretch<FoundSession, EventKey>> {
  const { from, to, limit, after, asOf } = question;
  // The opening of an event's slot may lie before or after the event itself, as that event arrived earlier or later.
  const slots = {
    order: "desc" as const,
    from: from === null ? null : Math.floor(from / ACTIVITY_SLOT_MICROS) * ACTIVITY_SLOT_MICROS,
    to: to === null ? null : (Math.floor(to / ACTIVITY_SLOT_MICROS) + 1) * ACTIVITY_SLOT_MICROS - 1,
    after,
  };
  const where = and(sql`${events.opens} = 1`, ...withinRange(slots));
  const walked = sql`
    SELECT ${events.occurredAt}, ${events.receivedAfter}, ${events.sessionId}, ${events.sequence},
      ${packedColumn(events.sessionId)} AS session
    FROM ${events} WHERE ${where} ORDER BY ${sql.join(inOrder("desc"), sql`, `)}`;
  const known = sql`received_after + occurred_at <= ${asOf}`;
  // A session that was active in a later slot has an opening there.
  const isNewest = sql`NOT EXISTS (
    SELECT 1 FROM ${events} AS later
    WHERE later.session_id = walked.session_id AND later.occurred_at >= (walked.occurred_at / ${SLOT} + 1) * ${SLOT}
      ${slots.to === null ? sql`` : sql`AND later.occurred_at <= ${slots.to}`}
      AND later.received_after + later.occurred_at <= ${asOf})`;
  const low = from ?? 0;
  const high = to ?? Number.MAX_SAFE_INTEGER;
  const isActive = sql`(walked.occurred_at BETWEEN ${low} AND ${high} OR EXISTS (
    SELECT 1 FROM ${events} AS active
    WHERE active.session_id = walked.session_id AND active.occurred_at BETWEEN ${low} AND ${high}))`;
  const moment = (direction: "ASC" | "DESC") => sql`(
    SELECT edge.occurred_at FROM ${events} AS edge WHERE edge.session_id = walked.session_id
    ORDER BY edge.occurred_at ${sql.raw(direction)} LIMIT 1)`;

  const rows = await reader.all<OpeningRow>(sql`
    SELECT occurred_at AS occurredAt, received_after AS receivedAfter, session, sequence,
      ${moment("ASC")} AS firstEventAt, ${moment("DESC")} AS lastEventAt
    FROM (${walked} LIMIT ${MAX_OPENINGS_EXAMINED}) AS walked
    WHERE ${known} AND ${isNewest} AND ${isActive}
    LIMIT ${limit + 1}`);
  const stretch = stretchOf<FoundSession, EventKey>(rows.map(toFound), limit);
  if (stretch.until !== null) return stretch;
  const [reached] = await reader
    .select({
      occurredAt: events.occurredAt,
      receivedAfter: events.receivedAfter,
      session: packedColumn(events.sessionId),
      sequence: events.sequence,
    })
    .from(events)
    .where(where)
    .orderBy(...inOrder("desc"))
    .limit(1)
    .offset(MAX_OPENINGS_EXAMINED - 1);
  return { rows: stretch.rows, until: reached ?? null };
}

function toFound({ firstEventAt, lastEventAt, ...key }: OpeningRow): FoundSession {
  return { key, session: unpackId(key.session), firstEventAt, lastEventAt };
}

export interface SessionSummary {
  firstEventAt: Micros;
  lastEventAt: Micros;
  /** MAX_EVENTS_COUNTED + 1: at least so many. */
  events: number;
  /** Of the events counted, in alphabetical order. */
  applications: string[];
}

/**
 * A session as a whole, or null if no database holds an event of it. Reads MAX_EVENTS_COUNTED events at
 * most, twice over: D1 bills the sorting by series too.
 *
 * @throws what D1 throws
 */
export async function summariseSession(databases: Database[], session: string): Promise<SessionSummary | null> {
  const summaries = await Promise.all(databases.map((database) => summariseIn(database, session)));
  return summaries.find((summary) => summary !== null) ?? null;
}

async function summariseIn(database: Database, session: string): Promise<SessionSummary | null> {
  const reader = readerOf(database);
  const ofSession = eq(events.sessionId, storedId(session));
  const edge = (direction: "ASC" | "DESC") =>
    reader
      .select({ at: events.occurredAt })
      .from(events)
      .where(ofSession)
      .orderBy(sql`${events.occurredAt} ${sql.raw(direction)}`)
      .limit(1);
  const counted = reader
    .select({ seriesId: events.seriesId })
    .from(events)
    .where(ofSession)
    .orderBy(...inOrder("asc"))
    .limit(MAX_EVENTS_COUNTED + 1)
    .as("counted");
  const [[first], [last], groups] = await Promise.all([
    edge("ASC"),
    edge("DESC"),
    reader
      .select({ seriesId: counted.seriesId, events: sql<number>`count(*)` })
      .from(counted)
      .groupBy(counted.seriesId),
  ]);
  if (first === undefined || last === undefined) return null;
  const texts = await seriesOf(
    database,
    reader,
    groups.map(({ seriesId }) => seriesId),
  );
  return {
    firstEventAt: first.at,
    lastEventAt: last.at,
    events: groups.reduce((total, group) => total + group.events, 0),
    applications: [...new Set([...texts.values()].map(({ application }) => application))].sort(),
  };
}
