import { type SQL, sql } from "drizzle-orm";
import { jsonPathOf, type PropertyPath } from "../../../model/event/property-path";
import { MAX_VALUE_CHARACTERS } from "../../../model/event/property-value";
import type { Period } from "../../../model/time/calendar";
import type { Micros } from "../../../model/time/time";
import { packedSql, storedId, unpackId } from "../../core/packed-id";
import { OTHER } from "../../counts/series";
import type { WantedSeries } from "../../events/wanted-series";
import { slotOf } from "../../partitions/partition";
import { rareIndexOf } from "../../partitions/partition-tables";
import { sampleKeyOf } from "../../partitions/sample-key";
import { integer } from "../../scan/event-order";
import { type LaneSource, laneTable } from "../../scan/lane-chains";
import { isNoCopy } from "../../scan/scan-terms";

/** A page of the events of a part of a lane: its statement, and its rows. */

/** The fields of an event that queries use. */
export interface Tuple {
  occurredAt: Micros;
  /** With `tie`, orders the events of a session that have the same timestamp. */
  receivedAfter: number;
  tie: number;
  /** Packed; see packed-id.ts. */
  session: string;
  visitor: string | null;
  application: string;
  category: string;
  name: string;
  /** The requested properties: JSON scalars. Null if there is none, and for objects and arrays. */
  values: readonly unknown[];
}

/** Characters of the rows of one statement: D1 limits a text to 2 MB. */
const MAX_TEXT = 1_500_000;
const CHARACTERS_OF_KEY = 250;

/** The most events on a page. */
export function pageSize(paths: readonly PropertyPath[]): number {
  return Math.floor(MAX_TEXT / (CHARACTERS_OF_KEY + paths.length * (MAX_VALUE_CHARACTERS + 20)));
}

/** A part of a lane that has not been read yet. */
export interface LaneRange extends Period {
  lane: LaneSource;
  /** True if the index of rare categories holds all wanted events. */
  isRare: boolean;
  after: TupleKey | null;
}

export interface TupleKey {
  occurredAt: Micros;
  receivedAfter: number;
  tie: number;
  session: string;
}

export type RawTuple = [
  occurredAt: Micros,
  receivedAfter: number,
  tie: number,
  seriesId: number,
  session: string,
  visitor: string | null,
  type: [category: string, name: string] | null,
  ...values: unknown[],
];

export function pageStatement(range: LaneRange, wanted: WantedSeries, paths: readonly PropertyPath[]): SQL {
  const { lane, isRare, start, end, after } = range;
  const conditions = [
    sql`e.occurred_at >= ${integer(Math.max(start, isRare ? (after?.occurredAt ?? start) : start))}`,
    sql`e.occurred_at < ${integer(end)}`,
    wanted.isEverything ? sql`true` : wanted.matches,
  ];
  if (lane.main !== null) conditions.push(isNoCopy(lane.main.suffix));
  const packed = sql.raw(packedSql("e.session_id"));
  const columns = sql`json_array(e.occurred_at, e.received_after, e.tie, e.series_id, ${packed},
    ${sql.raw(packedSql("e.visitor_id"))}, json(e.type)${sql.join(paths.map((path) => sql`, ${scalarAt(path)}`))})`;
  const { from, key } = isRare
    ? rareScan(lane, wanted.category?.categoryId ?? 0, after)
    : slotScan(lane, { start, end }, after);
  return sql`
    SELECT '[' || coalesce(group_concat(t."row"), '') || ']' AS "rows" FROM (
      SELECT ${columns} AS "row" ${from} AND ${sql.join(conditions, sql` AND `)} ORDER BY ${key} LIMIT ${integer(pageSize(paths))}
    ) AS t`;
}

function slotScan(lane: LaneSource, { start, end }: Period, after: TupleKey | null) {
  const first = slotOf(after === null ? start : after.occurredAt, lane.partition);
  const beyond =
    after === null
      ? sql`true`
      : sql`(e.slot, e.sample_key, e.session_id, e.occurred_at, e.tie) > (${integer(first)},
          ${integer(sampleKeyOf(unpackId(after.session)))}, ${storedId(unpackId(after.session))},
          ${integer(after.occurredAt)}, ${integer(after.tie)})`;
  return {
    from: sql`FROM ${laneTable("events", lane)} AS e
      WHERE e.slot >= ${integer(first)} AND e.slot <= ${integer(slotOf(end - 1, lane.partition))} AND ${beyond}`,
    key: sql`e.slot, e.sample_key, e.session_id, e.occurred_at, e.tie`,
  };
}

function rareScan(lane: LaneSource, categoryId: number, after: TupleKey | null) {
  const beyond =
    after === null
      ? sql`true`
      : sql`(e.occurred_at, e.received_after, e.session_id, e.tie) > (${integer(after.occurredAt)},
          ${integer(after.receivedAfter)}, ${storedId(unpackId(after.session))}, ${integer(after.tie)})`;
  return {
    from: sql`FROM ${laneTable("events", lane)} AS e INDEXED BY ${sql.raw(rareIndexOf(lane))}
      WHERE e.rare = ${integer(categoryId)} AND e.rare IS NOT NULL AND ${beyond}`,
    key: sql`e.occurred_at, e.received_after, e.session_id, e.tie`,
  };
}

/** A property of an event `e` as JSON. `json` marks it as JSON instead of text. */
function scalarAt(path: PropertyPath): SQL {
  const at = sql`${jsonPathOf(path)}`;
  return sql`json(CASE json_type(e.data, ${at}) WHEN 'text' THEN json_quote(substr(e.data ->> ${at}, 1, ${integer(MAX_VALUE_CHARACTERS)}))
    WHEN 'object' THEN 'null' WHEN 'array' THEN 'null' ELSE e.data -> ${at} END)`;
}

export function keyOf([occurredAt, receivedAfter, tie, , session]: RawTuple): TupleKey {
  return { occurredAt, receivedAfter, tie, session };
}

export function tupleOf(
  raw: RawTuple,
  series: ReadonlyMap<number, { application: string; category: string; name: string }>,
): Tuple {
  const [occurredAt, receivedAfter, tie, seriesId, session, visitor, type, ...values] = raw;
  // A replica may have an event before the row of its dimension key.
  const own = series.get(seriesId);
  return {
    ...{ occurredAt, receivedAfter, tie, session, visitor, values },
    application: own?.application ?? OTHER,
    category: type?.[0] ?? own?.category ?? OTHER,
    name: type?.[1] ?? own?.name ?? OTHER,
  };
}
