import { type SQL, sql } from "drizzle-orm";
import type { Micros } from "../model/time";
import { comparePackedIds, storedId, unpackId } from "./packed-id";
import { events } from "./tables";

export type Order = "asc" | "desc";

/** An event's place in the order of all events, and so in a walk through them. `session` is packed; see packed-id.ts. */
export interface EventKey {
  occurredAt: Micros;
  receivedAfter: number;
  session: string;
  sequence: number;
}

/** Compares as the primary key of `events` does. */
export function compareEventKeys(a: EventKey, b: EventKey): number {
  return (
    a.occurredAt - b.occurredAt ||
    a.receivedAfter - b.receivedAfter ||
    comparePackedIds(a.session, b.session) ||
    a.sequence - b.sequence
  );
}

/** The place before all events of a moment: what lies before it occurred earlier, the rest then or later. */
export function startOf(moment: Micros): EventKey {
  return { occurredAt: moment, receivedAfter: -Number.MAX_SAFE_INTEGER, session: "t", sequence: 0 };
}

/** Where a walk through the events begins and ends. `from` and `to` are inclusive; `after` is where the last page ended. */
export interface EventRange {
  order: Order;
  from: Micros | null;
  to: Micros | null;
  after: EventKey | null;
}

/**
 * The range as conditions. At the end where the walk goes on there is only the cursor, unless it lies outside the range:
 * of two bounds on one column SQLite takes either, and the wrong one would read again what was walked already.
 */
export function withinRange({ order, from, to, after }: EventRange): SQL[] {
  const conditions: SQL[] = [];
  const goesOnFromLow = order === "asc" && after !== null && (from === null || after.occurredAt >= from);
  const goesOnFromHigh = order === "desc" && after !== null && (to === null || after.occurredAt <= to);
  if (from !== null && !goesOnFromLow) conditions.push(sql`${events.occurredAt} >= ${from}`);
  if (to !== null && !goesOnFromHigh) conditions.push(sql`${events.occurredAt} <= ${to}`);
  if (after !== null && (goesOnFromLow || goesOnFromHigh)) conditions.push(isBeyond(after, order));
  return conditions;
}

/** True for the events that follow a place in the walk. */
export function isBeyond(key: EventKey, order: Order): SQL {
  const comparison = order === "asc" ? sql`>` : sql`<`;
  return sql`(${events.occurredAt}, ${events.receivedAfter}, ${events.sessionId}, ${events.sequence}) ${comparison}
    (${key.occurredAt}, ${key.receivedAfter}, ${storedId(unpackId(key.session))}, ${key.sequence})`;
}

/** The columns to sort by, for an index that ends with the primary key. */
export function inOrder(order: Order): SQL[] {
  const direction = order === "asc" ? sql`ASC` : sql`DESC`;
  return [events.occurredAt, events.receivedAfter, events.sessionId, events.sequence].map(
    (column) => sql`${column} ${direction}`,
  );
}
