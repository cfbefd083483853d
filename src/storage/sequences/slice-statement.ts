import { type SQL, sql } from "drizzle-orm";
import type { PropertyPath } from "../../model/event/property-path";
import { packedSql, storedId, unpackId } from "../core/packed-id";
import { slotOf } from "../partitions/partition";
import { SAMPLE_KEYS } from "../partitions/sample-key";
import { type Bounds, integer } from "../scan/event-order";
import { type LaneSource, laneTable } from "../scan/lane-chains";
import { isNoCopy } from "../scan/scan-terms";
import { isWanted, type WantedEvents } from "./slice-filter";
import { valueSql } from "./slice-values";

/** The sessions whose sample keys lie in [low, high). */
export interface Slice {
  low: number;
  high: number;
}

/** All sessions. */
export const WHOLE: Slice = { low: 0, high: SAMPLE_KEYS };

/** A share of all sessions, the same in each partition and database. */
export function shareOf({ low, high }: Slice): number {
  return (high - low) / SAMPLE_KEYS;
}

/** Where a page of a lane ended, in the order of its primary key. `session` is packed. */
export interface SlicePlace {
  slot: number;
  sampleKey: number;
  session: string;
  occurredAt: number;
  tie: number;
}

/** An event as a statement returns it, without names. */
export type SliceEventRow = [
  /** Packed. */
  session: string,
  occurredAt: number,
  tie: number,
  receivedAfter: number,
  seriesId: number,
  /** JSON [category, name] for an event of an overflow key. */
  type: string | null,
  /** Packed; only if requested. */
  visitor: string | null,
  /** The values of the wanted paths as JSON, cut if they are long. Null if the event has no such member. */
  ...values: (string | null)[],
];

export interface SliceQuery {
  slice: Slice;
  paths: readonly PropertyPath[];
  withVisitor: boolean;
  /** Only events that one of these may match; null for all. */
  wanted: readonly WantedEvents[] | null;
}

/** The most slots that one statement scans: 900 times 900 numbers. */
export const MAX_SLOTS_PER_STATEMENT = 810_000;

/** A time range of a lane, and how it is read. */
export interface SliceRange {
  lane: LaneSource;
  bounds: Bounds;
  /**
   * True: a seek for each slot, reading only the rows of the slice. False: reads all rows from the first slot to the
   * last and keeps those of the slice. That costs less if most slots are empty, or if the slice is everything.
   */
  isSought: boolean;
}

/** The rows of a statement: a page of events in one text, and the place of the last one. */
export interface PackedPage {
  /** JSON: SliceEventRow[]. */
  events: string;
  /** slot * SAMPLE_KEYS + sample_key of the last event; null without events. */
  last: number | null;
}

/**
 * The next wanted events of a range: at most `limit`, in the order of the primary key. Reads all events of the slice
 * up to there.
 *
 * D1 takes far longer for a row and its columns than SQLite does, so one row has the whole page. A text of more than 2 MB
 * is refused by D1.
 */
export function sliceStatement(range: SliceRange, query: SliceQuery, after: SlicePlace | null, limit: number): SQL {
  const { paths, withVisitor } = query;
  const values = paths.map((path) => sql`, ${valueSql(path)}`);
  return sql`SELECT json_group_array(json_array(${sql.raw(packedSql("e.session_id"))}, e.occurred_at, e.tie, e.received_after,
      e.series_id, e.type, ${withVisitor ? sql.raw(packedSql("e.visitor_id")) : sql`NULL`} ${sql.join(values)})) AS events,
    max(e.slot * ${integer(SAMPLE_KEYS)} + e.sample_key) AS last
    FROM (${eventsOf(range, query, after, limit)}) AS e`;
}

/** @throws Error if the events of a page were not in order, on which the next page depends */
export function unpackPage({ events, last }: PackedPage, { lane }: SliceRange) {
  const rows: SliceEventRow[] = JSON.parse(events);
  const [session, occurredAt, tie] = rows.at(-1) ?? [];
  if (last === null || session === undefined || occurredAt === undefined || tie === undefined)
    return { rows, place: null };
  const place: SlicePlace = {
    slot: Math.floor(last / SAMPLE_KEYS),
    sampleKey: last % SAMPLE_KEYS,
    session,
    occurredAt,
    tie,
  };
  if (slotOf(occurredAt, lane.partition) !== place.slot) throw new Error("the events of a page are not in order");
  return { rows, place };
}

function eventsOf(
  { lane, bounds, isSought }: SliceRange,
  { slice, wanted }: SliceQuery,
  after: SlicePlace | null,
  limit: number,
): SQL {
  const { partition } = lane;
  const first = after?.slot ?? slotOf(bounds.low, partition);
  const last = slotOf(bounds.high, partition);
  // The plus prevents SQLite from using timestamps in the index, where only slots and sessions help.
  const conditions = [sql`+e.occurred_at BETWEEN ${integer(bounds.low)} AND ${integer(bounds.high)}`];
  if (lane.main !== null) conditions.push(isNoCopy(lane.main.suffix));
  if (wanted !== null) conditions.push(isWanted(wanted));
  if (isSought) {
    if (after !== null) conditions.push(sql`(e.slot > ${integer(after.slot)} OR ${isBehind(after)})`);
    return sql`SELECT e.* FROM ${soughtSlots(lane, [first, last], slice)} AND ${sql.join(conditions, sql` AND `)}
      ORDER BY m.n, n.n, ${sql.raw(KEY)} LIMIT ${integer(limit)}`;
  }
  if (slice.low > 0 || slice.high < SAMPLE_KEYS) conditions.push(sql`+${isInSlice(slice)}`);
  if (after !== null) {
    const { slot, sampleKey, session, occurredAt, tie } = after;
    conditions.push(sql`(e.slot, ${sql.raw(KEY)}) > (${integer(slot)}, ${integer(sampleKey)},
      ${storedId(unpackId(session))}, ${integer(occurredAt)}, ${integer(tie)})`);
  }
  return sql`SELECT e.* FROM ${laneTable("events", lane)} AS e
    WHERE e.slot BETWEEN ${integer(first)} AND ${integer(last)} AND ${sql.join(conditions, sql` AND `)}
    ORDER BY e.slot, ${sql.raw(KEY)} LIMIT ${integer(limit)}`;
}

/** The events of a slice in some slots, as FROM and WHERE: a seek for each slot, by `m` and `n`. */
export function soughtSlots(lane: LaneSource, [first, last]: readonly [number, number], slice: Slice): SQL {
  return sql`numbers AS m CROSS JOIN numbers AS n CROSS JOIN ${laneTable("events", lane)} AS e
    WHERE m.n <= ${integer(Math.floor((last - first) / 900))} AND n.n < 900
      AND n.n <= ${integer(last - first)} - m.n * 900 AND e.slot = ${integer(first)} + m.n * 900 + n.n AND ${isInSlice(slice)}`;
}

function isInSlice({ low, high }: Slice): SQL {
  return sql`e.sample_key BETWEEN ${integer(low)} AND ${integer(high - 1)}`;
}

const KEY = "e.sample_key, e.session_id, e.occurred_at, e.tie";

function isBehind({ sampleKey, session, occurredAt, tie }: SlicePlace): SQL {
  return sql`(${sql.raw(KEY)}) > (${integer(sampleKey)}, ${storedId(unpackId(session))}, ${integer(occurredAt)}, ${integer(tie)})`;
}
