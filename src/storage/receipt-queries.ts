import { eq, sql } from "drizzle-orm";
import type { Micros } from "../model/time";
import { candidateDatabases, type Database } from "./databases";
import { storedId } from "./packed-id";
import { MAX_EVENTS_COUNTED, MAX_ROWS_EXAMINED } from "./read-limits";
import { type Reader, readerOf } from "./reader";
import { errors, events, series } from "./tables";

/** An event that stands in the events table. */
export interface StoredReceipt {
  sequence: number;
  application: string;
  occurredAt: Micros;
  receivedAt: Micros;
  /** Its place in the session, from 1; null beyond MAX_EVENTS_COUNTED. */
  position: number | null;
}

/** Where an event must be, if it is stored: what its session's group remembers of it. */
export interface ExpectedPlace {
  occurredAt: Micros;
  receivedAt: Micros;
  sequence: number;
}

/**
 * An event of a session by its id. With its place one row is read; without it the newest MAX_EVENTS_COUNTED events of
 * the session at most, since no index knows event ids: it would be a fourth row written per event.
 *
 * @throws what D1 throws
 */
export async function findStoredEvent(
  databases: Database[],
  { session, id, place }: { session: string; id: string; place: ExpectedPlace | null },
): Promise<StoredReceipt | null> {
  const found = await Promise.all(candidatesOf(databases, session).map((reader) => findIn(reader, session, id, place)));
  return found.find((one) => one !== null) ?? null;
}

interface Row {
  sequence: number;
  occurredAt: number;
  receivedAfter: number;
  application: string;
}

async function findIn(
  reader: Reader,
  session: string,
  id: string,
  place: ExpectedPlace | null,
): Promise<StoredReceipt | null> {
  const at = place === null ? null : [place.occurredAt, place.receivedAt - place.occurredAt, place.sequence];
  const own = sql`${events.sessionId} = ${storedId(session)}`;
  const candidates =
    at === null
      ? sql`SELECT * FROM ${events} WHERE ${own}
          ORDER BY occurred_at DESC, received_after DESC, session_id DESC, sequence DESC LIMIT ${MAX_EVENTS_COUNTED}`
      : sql`SELECT * FROM ${events} WHERE ${own}
          AND occurred_at = ${at[0]} AND received_after = ${at[1]} AND ${events.sequence} = ${at[2]}`;
  const [row] = await reader.all<Row>(sql`
    SELECT held.sequence AS sequence, held.occurred_at AS occurredAt, held.received_after AS receivedAfter, application
    FROM (${candidates}) AS held CROSS JOIN ${series} AS s ON s.series_id = held.series_id
    WHERE held.id = ${storedId(id)} LIMIT 1`);
  if (row === undefined) return null;
  const { sequence, occurredAt, receivedAfter, application } = row;
  const [counted] = await reader.all<{ n: number }>(sql`
    SELECT count(*) AS n FROM (
      SELECT 1 FROM ${events} WHERE ${own}
        AND (occurred_at, received_after, session_id, ${events.sequence}) <=
          (${occurredAt}, ${receivedAfter}, ${storedId(session)}, ${sequence})
      LIMIT ${MAX_EVENTS_COUNTED + 1})`);
  const position = counted?.n ?? 0;
  return {
    ...{ sequence, application, occurredAt, receivedAt: occurredAt + receivedAfter },
    position: position > MAX_EVENTS_COUNTED ? null : position,
  };
}

export interface FailedReceipt {
  errorId: string;
  application: string | null;
  /** JSON: [{code, path, message}]. */
  issues: string;
  receivedAt: Micros;
  resolvedAt: Micros | null;
  resolvedSession: string | null;
  resolvedSequence: number | null;
}

/** The errors of an event, the newest first: of the newest MAX_ROWS_EXAMINED that its session has. */
export async function findFailures(databases: Database[], session: string, id: string): Promise<FailedReceipt[]> {
  const found = await Promise.all(
    // What names no session that can serve lies in the first database.
    databases.map(async (database) => {
      const newest = readerOf(database)
        .select()
        .from(errors)
        .where(eq(errors.sessionId, session))
        .orderBy(sql`${errors.receivedAt} DESC`, sql`${errors.id} DESC`)
        .limit(MAX_ROWS_EXAMINED)
        .as("newest");
      return readerOf(database)
        .select({
          errorId: newest.id,
          application: newest.application,
          issues: newest.issues,
          receivedAt: newest.receivedAt,
          resolvedAt: newest.resolvedAt,
          resolvedSession: newest.resolvedSession,
          resolvedSequence: newest.resolvedSequence,
        })
        .from(newest)
        .where(eq(newest.eventId, id));
    }),
  );
  return found.flat().sort((a, b) => b.receivedAt - a.receivedAt);
}

function candidatesOf(databases: Database[], session: string): Reader[] {
  return candidateDatabases(session, databases.length).flatMap((index) => {
    const database = databases[index];
    return database === undefined ? [] : [readerOf(database)];
  });
}
