import { type SQL, sql } from "drizzle-orm";
import { jsonPathOf, type PropertyPath } from "../../model/event/property-path";
import { MAX_VALUE_CHARACTERS } from "../../model/event/property-value";
import type { Period } from "../../model/time/calendar";
import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { packedSql, storedId, unpackId } from "../core/packed-id";
import { readBatch, readerOf } from "../core/reader";
import { jsonList, OTHER, type SeriesFilter, seriesOf } from "../counts/series";
import { type WantedSeries, wantedSeries } from "../events/wanted-series";
import { isLate, type Partition, slotOf } from "../partitions/partition";
import type { PartitionMap } from "../partitions/partition-map";
import { rareIndexOf } from "../partitions/partition-tables";
import { sampleKeyOf } from "../partitions/sample-key";
import { integer } from "../scan/event-order";
import { type LaneSource, lanesIn, laneTable } from "../scan/lane-chains";

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

export interface TupleQuestion {
  /** Disjoint. */
  periods: readonly Period[];
  filter: SeriesFilter;
  /** Replaces the filter: the dimension keys by the index of their database. */
  series?: ReadonlyMap<number, readonly number[]>;
  paths: readonly PropertyPath[];
  /** Which lanes: main, late, or both. */
  lanes: "main" | "late" | "all";
  /** The most events to return, over all databases. */
  most: number;
}

export interface TupleReading {
  /** False if there are more events than `most`. */
  isComplete: boolean;
  events: number;
}

/** Characters of the rows of one statement: D1 limits a text to 2 MB. */
const MAX_TEXT = 1_500_000;
const CHARACTERS_OF_KEY = 250;

/** Statements in one call. Bounds what a Worker holds at a time. */
const STATEMENTS_PER_CALL = 4;

/**
 * Passes the events of some periods to `take`, unordered. If their category is rare in a partition, only its index
 * is read; otherwise all events of the periods are examined.
 *
 * Events are read in pages by the primary key: each statement returns at most a few thousand rows and occupies the
 * database for a few milliseconds.
 *
 * @throws DrizzleQueryError
 */
export async function readTuples(
  databases: readonly Database[],
  map: PartitionMap,
  question: TupleQuestion,
  take: (tuples: Tuple[]) => void,
): Promise<TupleReading> {
  const reading = { isComplete: true, events: 0 };
  await Promise.all(
    databases.map(async (database) => {
      const wanted =
        question.series === undefined
          ? await wantedSeries(database, question.filter)
          : ofSeries(question.series.get(database.index) ?? []);
      if (wanted.ids.length === 0) return;
      const ranges = rangesOf(database, map, question, wanted);
      while (ranges.length > 0) {
        if (reading.events >= question.most) {
          reading.isComplete = false;
          return;
        }
        const some = ranges.splice(0, STATEMENTS_PER_CALL);
        const limit = Math.floor(MAX_TEXT / (CHARACTERS_OF_KEY + question.paths.length * (MAX_VALUE_CHARACTERS + 20)));
        const results = await readBatch<{ rows: string }>(
          database,
          some.map((range) => pageStatement(range, wanted, question, limit)),
        );
        const pages = results.map((rows): RawTuple[] => JSON.parse(rows[0]?.rows ?? "[]"));
        const series = await seriesOf(database, readerOf(database), new Set(pages.flat().map(([, , , id]) => id)));
        for (const [place, page] of pages.entries()) {
          const [range, last] = [some[place], page.at(-1)];
          if (page.length === limit && range !== undefined && last !== undefined) {
            ranges.unshift({ ...range, after: keyOf(last) });
          }
          reading.events += page.length;
          take(page.map((raw) => tupleOf(raw, series)));
        }
      }
    }),
  );
  return reading;
}

function ofSeries(ids: readonly number[]): WantedSeries {
  return { ids, matches: sql`e.series_id IN ${jsonList([...ids])}`, isEverything: false, category: null };
}

/** A part of a lane that has not been read yet. */
interface LaneRange extends Period {
  lane: LaneSource;
  /** True if the index of rare categories holds all wanted events. */
  isRare: boolean;
  after: TupleKey | null;
}

interface TupleKey {
  occurredAt: Micros;
  receivedAfter: number;
  tie: number;
  session: string;
}

function rangesOf(
  database: Database,
  map: PartitionMap,
  { periods, lanes }: TupleQuestion,
  wanted: WantedSeries,
): LaneRange[] {
  return periods.flatMap(({ start, end }) =>
    map
      .overlapping(start, end - 1)
      .filter((partition) => partition.databases.includes(database.index))
      .flatMap((partition) =>
        lanesIn(partition, database)
          .filter((lane) => lanes === "all" || (lanes === "late") === isLate(lane))
          .map((lane) => ({
            lane,
            isRare: isRareIn(partition, wanted),
            after: null,
            start: Math.max(start, partition.from),
            end: Math.min(end, partition.to),
          })),
      ),
  );
}

/** Returns whether the index of rare categories of a partition holds all wanted events. */
export function isRareIn({ common }: Pick<Partition, "common">, { category }: WantedSeries): boolean {
  return category !== null && !common.has(category.category);
}

type RawTuple = [
  occurredAt: Micros,
  receivedAfter: number,
  tie: number,
  seriesId: number,
  session: string,
  visitor: string | null,
  type: [category: string, name: string] | null,
  ...values: unknown[],
];

function pageStatement(range: LaneRange, wanted: WantedSeries, { paths }: TupleQuestion, limit: number): SQL {
  const { lane, isRare, start, end, after } = range;
  const conditions = [
    sql`e.occurred_at >= ${integer(Math.max(start, isRare ? (after?.occurredAt ?? start) : start))}`,
    sql`e.occurred_at < ${integer(end)}`,
    wanted.isEverything ? sql`true` : wanted.matches,
  ];
  if (lane.main !== null) conditions.push(isNoCopy(lane.main));
  const packed = sql.raw(packedSql("e.session_id"));
  const columns = sql`json_array(e.occurred_at, e.received_after, e.tie, e.series_id, ${packed},
    ${sql.raw(packedSql("e.visitor_id"))}, json(e.type)${sql.join(paths.map((path) => sql`, ${scalarAt(path)}`))})`;
  const { from, key } = isRare
    ? rareScan(lane, wanted.category?.categoryId ?? 0, after)
    : slotScan(lane, { start, end }, after);
  return sql`
    SELECT '[' || coalesce(group_concat(t."row"), '') || ']' AS "rows" FROM (
      SELECT ${columns} AS "row" ${from} AND ${sql.join(conditions, sql` AND `)} ORDER BY ${key} LIMIT ${integer(limit)}
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

/** An event of a late lane whose identity is also in the main lane is a copy. */
function isNoCopy(main: { suffix: string }): SQL {
  return sql`NOT EXISTS (
    SELECT 1 FROM ${sql.raw(`events_${main.suffix}`)} AS m
    WHERE m.slot = e.slot AND m.sample_key = e.sample_key AND m.session_id = e.session_id AND m.occurred_at = e.occurred_at AND m.tie = e.tie)`;
}

/** A property of an event `e` as JSON. `json` marks it as JSON instead of text. */
function scalarAt(path: PropertyPath): SQL {
  const at = sql`${jsonPathOf(path)}`;
  return sql`json(CASE json_type(e.data, ${at}) WHEN 'text' THEN json_quote(substr(e.data ->> ${at}, 1, ${integer(MAX_VALUE_CHARACTERS)}))
    WHEN 'object' THEN 'null' WHEN 'array' THEN 'null' ELSE e.data -> ${at} END)`;
}

function keyOf([occurredAt, receivedAfter, tie, , session]: RawTuple): TupleKey {
  return { occurredAt, receivedAfter, tie, session };
}

function tupleOf(
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
