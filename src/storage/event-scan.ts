import { and, type Column, eq, inArray, type SQL, sql } from "drizzle-orm";
import type { Micros } from "../model/time";
import { type EventKey, inOrder, type Order } from "./order";
import { packedColumn } from "./packed-id";
import { MAX_CONTENT_WITH_ROW } from "./read-limits";
import type { Reader } from "./reader";
import { jsonList } from "./series";
import { type Stretch, stretchOf } from "./stretch";
import { events } from "./tables";

/** An event as it is read: its series still a number, and its payload left behind where it is long. */
export interface ScannedEvent {
  key: EventKey;
  seriesId: number;
  id: string;
  /** Characters of the payload. */
  size: number;
  data: string | null;
}

const size = sql<number>`length(${events.data})`;

/** The columns of an event, in a form that D1's JSON carries shortly. */
export const scannedColumns = {
  occurredAt: events.occurredAt,
  receivedAfter: events.receivedAfter,
  session: packedColumn(events.sessionId).as("session"),
  sequence: events.sequence,
  seriesId: events.seriesId,
  id: packedColumn(events.id).as("packed_id"),
  size: size.as("size"),
  data: sql<string | null>`iif(${size} <= ${sql.raw(String(MAX_CONTENT_WITH_ROW))}, ${events.data}, NULL)`.as(
    "short_data",
  ),
};

export interface ScannedRow {
  occurredAt: Micros;
  receivedAfter: number;
  session: string;
  sequence: number;
  seriesId: number;
  id: string;
  size: number;
  data: string | null;
}

export function toScanned({ occurredAt, receivedAfter, session, sequence, ...rest }: ScannedRow): ScannedEvent {
  return { key: { occurredAt, receivedAfter, session, sequence }, ...rest };
}

export interface EventScan {
  /** Conditions that one index covers, the range among them. */
  where: SQL[];
  order: Order;
  limit: number;
}

/** Reads events straight from an index: one row read for each row returned. */
export async function scanEvents(
  reader: Reader,
  { where, order, limit }: EventScan,
): Promise<Stretch<ScannedEvent, EventKey>> {
  const rows = await reader
    .select(scannedColumns)
    .from(events)
    .where(and(...where))
    .orderBy(...inOrder(order))
    .limit(limit + 1);
  return stretchOf(rows.map(toScanned), limit);
}

/** What an index tells of an event without a look into its row. */
export const walkedColumns = {
  occurredAt: events.occurredAt,
  receivedAfter: events.receivedAfter,
  sessionId: events.sessionId,
  sequence: events.sequence,
};

/** True of the row of an event that a subquery with `walkedColumns` came by. */
export function isWalked(walked: Record<keyof typeof walkedColumns, Column>): SQL | undefined {
  return and(
    eq(events.occurredAt, walked.occurredAt),
    eq(events.receivedAfter, walked.receivedAfter),
    eq(events.sessionId, walked.sessionId),
    eq(events.sequence, walked.sequence),
  );
}

/**
 * Walks through an index and reads the events of the given series. Looks at no more than `budget` entries (twice that many
 * where the page stays short, since the place reached is then looked up), and tells how far it came.
 */
export async function scanEventsOfSeries(
  reader: Reader,
  { where, order, limit }: EventScan,
  seriesIds: number[],
  budget: number,
): Promise<Stretch<ScannedEvent, EventKey>> {
  // A subquery with a LIMIT is run as it stands, row by row and in its order: the outer query filters what comes.
  const walked = reader
    .select({ ...walkedColumns, seriesId: events.seriesId })
    .from(events)
    .where(and(...where))
    .orderBy(...inOrder(order))
    .limit(budget)
    .as("walked");
  const rows = await reader
    .select(scannedColumns)
    .from(walked)
    .crossJoin(events)
    .where(and(inArray(walked.seriesId, jsonList(seriesIds)), isWalked(walked)))
    .limit(limit + 1);
  const stretch = stretchOf<ScannedEvent, EventKey>(rows.map(toScanned), limit);
  if (stretch.until !== null) return stretch;
  const { occurredAt, receivedAfter, session, sequence } = scannedColumns;
  const [reached] = await reader
    .select({ occurredAt, receivedAfter, session, sequence })
    .from(events)
    .where(and(...where))
    .orderBy(...inOrder(order))
    .limit(1)
    .offset(budget - 1);
  return { rows: stretch.rows, until: reached ?? null };
}
