import { type SQL, sql } from "drizzle-orm";
import type { Micros } from "../../model/time/time";
import { comparePackedIds, storedId, unpackId } from "../core/packed-id";
import type { Partition } from "../partitions/partition";

export type Order = "asc" | "desc";

/** An event's place in the order of all events. Cursors carry it. `session` is packed; see core/packed-id.ts. */
export interface EventKey {
  occurredAt: Micros;
  /** Microseconds from the event's timestamp to its receipt. */
  receivedAfter: number;
  session: string;
  tie: number;
}

/** Compares two events as SQLite does by (occurred_at, received_after, session_id, tie). */
export function compareEventKeys(a: EventKey, b: EventKey): number {
  return (
    a.occurredAt - b.occurredAt ||
    a.receivedAfter - b.receivedAfter ||
    comparePackedIds(a.session, b.session) ||
    a.tie - b.tie
  );
}

/** The place before all events with this timestamp. Everything before it occurred earlier. */
export function startOf(moment: Micros): EventKey {
  return { occurredAt: moment, receivedAfter: -Number.MAX_SAFE_INTEGER, session: "t", tie: 0 };
}

/**
 * Which events a scan covers. `from` and `to` are inclusive; null means no limit. `after` is where the last page
 * ended.
 */
export interface EventRange {
  order: Order;
  from: Micros | null;
  to: Micros | null;
  after: EventKey | null;
}

/** Timestamps, both inclusive. */
export interface Bounds {
  low: Micros;
  high: Micros;
}

/** The remaining part of a range that a partition covers. Empty if low > high. */
export function boundsIn({ from, to }: Pick<Partition, "from" | "to">, range: EventRange): Bounds {
  const { low, high } = boundsOf(range);
  return { low: Math.max(low, from), high: Math.min(high, to - 1) };
}

/** The remaining part of a range. */
export function boundsOf({ order, from, to, after }: EventRange): Bounds {
  const low = from ?? 0;
  const high = to ?? Number.MAX_SAFE_INTEGER;
  if (after === null) return { low, high };
  if (order === "asc") return { low: Math.max(low, after.occurredAt), high };
  // A page that ended between two instants has read the later one. Reading it again could lead to the same end forever.
  const isRead = compareEventKeys(after, startOf(after.occurredAt)) === 0;
  return { low, high: Math.min(high, isRead ? after.occurredAt - 1 : after.occurredAt) };
}

/**
 * The condition that an event `e` comes after a place in the scan.
 *
 * @param moment the SQL for its timestamp, if the index must not be used for it
 */
export function isBeyond(
  { occurredAt, receivedAfter, session, tie }: EventKey,
  order: Order,
  moment = sql`e.occurred_at`,
): SQL {
  return sql`(${moment}, e.received_after, e.session_id, e.tie) ${order === "asc" ? sql`>` : sql`<`}
    (${integer(occurredAt)}, ${integer(receivedAfter)}, ${storedId(unpackId(session))}, ${integer(tie)})`;
}

/** A list of columns to sort by, all in one direction. */
export function sortBy(columns: readonly string[], order: Order): SQL {
  return sql.raw(columns.map((column) => `${column} ${order === "asc" ? "ASC" : "DESC"}`).join(", "));
}

/** An integer as SQL text. D1 binds numbers as REAL, which changes the result of a division. */
export function integer(value: number): SQL {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is no integer that SQL could hold`);
  return sql.raw(String(value));
}
