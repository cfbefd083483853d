import { type SQL, sql } from "drizzle-orm";
import { jsonPathOf, type PropertyPath } from "../../model/event/property-path";
import { MAX_VALUE_CHARACTERS, valueText } from "../../model/event/property-value";
import { packedSql, storedId, unpackId } from "../core/packed-id";
import { jsonList } from "../counts/series";
import { slotOf } from "../partitions/partition";
import { SAMPLE_KEYS } from "../partitions/sample-key";
import { type Bounds, integer } from "../scan/event-order";
import { type LaneSource, laneTable } from "../scan/lane-chains";
import { isNoCopy } from "../scan/scan-terms";

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

export interface SliceRow extends SlicePlace {
  receivedAfter: number;
  seriesId: number;
  /** JSON [category, name] for an event of an overflow key. */
  type: string | null;
  /** Packed; only if requested. */
  visitor: string | null;
  /** The values of the wanted paths as JSON, cut if they are long. Null if the event has no such member. */
  [value: `v${number}`]: string | null;
}

export interface SliceQuery {
  slice: Slice;
  paths: readonly PropertyPath[];
  withVisitor: boolean;
  /** Only events of these dimension keys; null for all. */
  series: readonly number[] | null;
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

/**
 * The next wanted events of a range: at most `limit`, in the order of the primary key. Reads all events of the slice
 * up to there.
 */
export function sliceStatement(
  { lane, bounds, isSought }: SliceRange,
  { slice, paths, withVisitor, series }: SliceQuery,
  after: SlicePlace | null,
  limit: number,
): SQL {
  const { partition } = lane;
  const first = after?.slot ?? slotOf(bounds.low, partition);
  const last = slotOf(bounds.high, partition);
  // The plus prevents SQLite from using timestamps in the index, where only slots and sessions help.
  const conditions = [sql`+e.occurred_at BETWEEN ${integer(bounds.low)} AND ${integer(bounds.high)}`];
  if (lane.main !== null) conditions.push(isNoCopy(lane.main.suffix));
  if (series !== null) conditions.push(sql`e.series_id IN ${jsonList([...series])}`);
  const columns = columnsOf(paths, withVisitor);
  if (isSought) {
    if (after !== null) conditions.push(sql`(e.slot > ${integer(after.slot)} OR ${isBehind(after)})`);
    return sql`SELECT ${columns} FROM ${soughtSlots(lane, [first, last], slice)} AND ${sql.join(conditions, sql` AND `)}
      ORDER BY m.n, n.n, ${sql.raw(KEY)} LIMIT ${integer(limit)}`;
  }
  if (slice.low > 0 || slice.high < SAMPLE_KEYS) conditions.push(sql`+${isInSlice(slice)}`);
  if (after !== null) {
    const { slot, sampleKey, session, occurredAt, tie } = after;
    conditions.push(sql`(e.slot, ${sql.raw(KEY)}) > (${integer(slot)}, ${integer(sampleKey)},
      ${storedId(unpackId(session))}, ${integer(occurredAt)}, ${integer(tie)})`);
  }
  return sql`SELECT ${columns} FROM ${laneTable("events", lane)} AS e
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

function columnsOf(paths: readonly PropertyPath[], withVisitor: boolean): SQL {
  const values = paths.map((path, n) => sql`, ${valueSql(path)} AS ${sql.raw(`v${n}`)}`);
  return sql`e.slot AS slot, e.sample_key AS sampleKey, ${sql.raw(packedSql("e.session_id"))} AS session,
    e.occurred_at AS occurredAt, e.tie AS tie, e.received_after AS receivedAfter, e.series_id AS seriesId, e.type AS type,
    ${withVisitor ? sql.raw(packedSql("e.visitor_id")) : sql`NULL`} AS visitor ${sql.join(values)}`;
}

function isBehind({ sampleKey, session, occurredAt, tie }: SlicePlace): SQL {
  return sql`(${sql.raw(KEY)}) > (${integer(sampleKey)}, ${storedId(unpackId(session))}, ${integer(occurredAt)}, ${integer(tie)})`;
}

/** The most characters of a value in JSON that are read: an escape sequence has up to six for one. */
const MAX_JSON_CHARACTERS = 6 * MAX_VALUE_CHARACTERS + 2;

/**
 * See `SliceRow`. SQLite returns a member's JSON in a third of the time that it needs to tell the type and to decode the
 * text.
 */
function valueSql(path: PropertyPath): SQL {
  return sql`substr(e.data -> ${jsonPathOf(path)}, 1, ${integer(MAX_JSON_CHARACTERS)})`;
}

/** The text of a value that SQL returned; see `valueText`. */
export function textOfValue(json: string | null | undefined): string | null {
  return valueText(parseValue(json));
}

/** The number that SQL returned; null for texts and booleans. */
export function numberOfValue(json: string | null | undefined): number | null {
  const value = parseValue(json);
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** Of a text that was cut, at least the first MAX_VALUE_CHARACTERS. Null for objects and arrays that were cut. */
function parseValue(json: string | null | undefined): unknown {
  if (json === null || json === undefined) return null;
  if (json.length < MAX_JSON_CHARACTERS) return JSON.parse(json);
  if (!json.startsWith('"')) return null;
  const units = json.slice(1).match(UNIT_OF_JSON) ?? [];
  return JSON.parse(`"${units.slice(0, MAX_VALUE_CHARACTERS).join("")}"`);
}

/** A character of a JSON text, or the escape sequence of one. */
const UNIT_OF_JSON = /\\u[\da-f]{4}|\\[^u]|[^\\"]/giy;
