import { and, eq, type SQL, sql } from "drizzle-orm";
import { ACTIVITY_SLOT_MICROS } from "../model/limits";
import type { Micros } from "../model/time";
import type { Database } from "./databases";
import { compareEventKeys, type EventKey, type EventRange, inOrder, withinRange } from "./order";
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
  /** Whether each session's first and last event are told: an index entry read for each of the two. */
  withTimes: boolean;
}

export interface FoundSession {
  /** The opening by which the session is listed. */
  key: EventKey;
  session: string;
  /** Of the whole session, whatever the range. Null if not asked for. */
  times: { firstEventAt: Micros; lastEventAt: Micros } | null;
}

/**
 * One page of the sessions that have an event within the range, by their newest activity: the opening (first accepted
 * event) of the last quarter of an hour of the range in which they were active. Newest first, each session once. Openings
 * behind the range's end come last: their sessions belong only if an event within the range was accepted after them.
 *
 * Looks at MAX_OPENINGS_EXAMINED openings in each database at most (twice that where the first kind ends and the second
 * begins). In the newest quarter of an hour of the range an opening is all that is read of its session; before it, one index
 * entry more tells whether the session was active later, and one whether it was within the range if it opened before it: a
 * long session has one opening for each quarter of an hour, and all but the newest are passed over.
 *
 * @throws what D1 throws
 */
export async function findActiveSessions(
  databases: Database[],
  question: SessionQuestion,
): Promise<Page<FoundSession, EventKey>> {
  const stretches = await Promise.all(databases.map((database) => scanSessions(readerOf(database), question)));
  const newestFirst = inDirection(compareEventKeys, "desc");
  const isBehind = ({ occurredAt }: EventKey) => Number(question.to !== null && occurredAt > question.to);
  return mergeStretches(stretches, (a, b) => isBehind(a) - isBehind(b) || newestFirst(a, b), question.limit);
}

const SLOT = sql.raw(String(ACTIVITY_SLOT_MICROS));

interface OpeningRow extends EventKey {
  firstEventAt?: Micros;
  lastEventAt?: Micros;
}

function slotStart(moment: Micros): Micros {
  return Math.floor(moment / ACTIVITY_SLOT_MICROS) * ACTIVITY_SLOT_MICROS;
}

/** The openings up to the range's end; then, if they leave room in the page, those behind it. */
async function scanSessions(reader: Reader, question: SessionQuestion): Promise<Stretch<FoundSession, EventKey>> {
  const { from, to, limit, after } = question;
  if (to === null || after === null || after.occurredAt <= to) {
    const within = await scanOpenings(reader, question, {
      // The opening of an event's quarter of an hour may lie before it.
      range: { order: "desc", from: from === null ? null : slotStart(from), to, after },
      condition: sql`${isNewest(question)} AND ${isActive(from ?? 0, to ?? Number.MAX_SAFE_INTEGER)}`,
    });
    if (to === null || within.until !== null) return within;
    const behind = await scanBehind(reader, { ...question, to, limit: limit - within.rows.length, after: null });
    return { rows: [...within.rows, ...behind.rows], until: behind.until };
  }
  return scanBehind(reader, { ...question, to });
}

/** Openings behind the range's end, of sessions that were active before it in the same quarter of an hour. */
function scanBehind(
  reader: Reader,
  question: SessionQuestion & { to: Micros },
): Promise<Stretch<FoundSession, EventKey>> {
  const { from, to, after, asOf } = question;
  const end = slotStart(to) + ACTIVITY_SLOT_MICROS - 1;
  return scanOpenings(reader, question, {
    range: { order: "desc", from: to + 1, to: end, after },
    condition: sql`EXISTS (
      SELECT 1 FROM ${events} AS active WHERE active.session_id = walked.session_id
        AND active.occurred_at BETWEEN ${Math.max(from ?? 0, slotStart(to))} AND ${to}
        AND active.received_after + active.occurred_at <= ${asOf})`,
  });
}

/**
 * A session that was active in a later quarter of an hour of the range is listed by that one's opening. In the newest in which
 * anything occurred, no session has to be asked.
 */
function isNewest({ to, asOf }: SessionQuestion): SQL {
  const next = sql`(walked.occurred_at / ${SLOT} + 1) * ${SLOT}`;
  const end = to ?? Number.MAX_SAFE_INTEGER;
  return sql`(${next} > (
    SELECT newest.occurred_at FROM ${events} AS newest WHERE newest.occurred_at <= ${end}
    ORDER BY newest.occurred_at DESC LIMIT 1
  ) OR NOT EXISTS (
    SELECT 1 FROM ${events} AS later
    WHERE later.session_id = walked.session_id AND later.occurred_at BETWEEN ${next} AND ${end}
      AND later.received_after + later.occurred_at <= ${asOf}))`;
}

function isActive(low: Micros, high: Micros): SQL {
  return sql`(walked.occurred_at BETWEEN ${low} AND ${high} OR EXISTS (
    SELECT 1 FROM ${events} AS active
    WHERE active.session_id = walked.session_id AND active.occurred_at BETWEEN ${low} AND ${high}))`;
}

/** `condition` is on `walked`, which has the key of the events. */
async function scanOpenings(
  reader: Reader,
  { limit, asOf, withTimes }: SessionQuestion,
  { range, condition }: { range: EventRange; condition: SQL },
): Promise<Stretch<FoundSession, EventKey>> {
  const where = and(sql`${events.opens} = 1`, ...withinRange(range));
  const moment = (direction: "ASC" | "DESC") => sql`(
    SELECT edge.occurred_at FROM ${events} AS edge WHERE edge.session_id = walked.session_id
    ORDER BY edge.occurred_at ${sql.raw(direction)} LIMIT 1)`;
  const walked = sql`
    SELECT ${events.occurredAt}, ${events.receivedAfter}, ${events.sessionId}, ${events.sequence},
      ${packedColumn(events.sessionId)} AS session
    FROM ${events} WHERE ${where} ORDER BY ${sql.join(inOrder("desc"), sql`, `)}`;
  const rows = await reader.all<OpeningRow>(sql`
    SELECT occurred_at AS occurredAt, received_after AS receivedAfter, session, sequence
      ${withTimes ? sql`, ${moment("ASC")} AS firstEventAt, ${moment("DESC")} AS lastEventAt` : sql``}
    FROM (${walked} LIMIT ${MAX_OPENINGS_EXAMINED}) AS walked
    WHERE received_after + occurred_at <= ${asOf} AND ${condition}
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
  const times = firstEventAt === undefined || lastEventAt === undefined ? null : { firstEventAt, lastEventAt };
  return { key, session: unpackId(key.session), times };
}

export interface SessionSummary {
  firstEventAt: Micros;
  lastEventAt: Micros;
  /** MAX_EVENTS_COUNTED + 1: at least so many. */
  events: number;
  /** Of the session's first MAX_EVENTS_COUNTED events, in alphabetical order. */
  applications: string[];
}

/**
 * A session as a whole, or null if no database holds an event of it. Reads an index alone, MAX_EVENTS_COUNTED entries at
 * most.
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
  // Not by groups: D1 bills every row that it sorts into groups once more.
  const series = sql<string | null>`group_concat(DISTINCT ${counted.seriesId})`;
  const [[first], [last], [total]] = await Promise.all([
    edge("ASC"),
    edge("DESC"),
    reader.select({ events: sql<number>`count(*)`, series }).from(counted),
  ]);
  if (first === undefined || last === undefined) return null;
  const texts = await seriesOf(database, reader, (total?.series ?? "").split(",").map(Number));
  return {
    firstEventAt: first.at,
    lastEventAt: last.at,
    events: total?.events ?? 0,
    applications: [...new Set([...texts.values()].map(({ application }) => application))].sort(),
  };
}
