import { sql } from "drizzle-orm";
import type { PropertyPath } from "../../../model/event/property-path";
import type { Period } from "../../../model/time/calendar";
import type { Database } from "../../core/databases";
import { readBatch, readerOf } from "../../core/reader";
import { jsonList, type SeriesFilter, seriesOf } from "../../counts/series";
import { type WantedSeries, wantedSeries } from "../../events/wanted-series";
import { isLate, type Partition } from "../../partitions/partition";
import type { PartitionMap } from "../../partitions/partition-map";
import { lanesIn } from "../../scan/lane-chains";
import { piecesOf } from "../../scan/range-pieces";
import { expectedEvents } from "../../sequences/expected-events";
import { keyOf, type LaneRange, pageSize, pageStatement, type RawTuple, type Tuple, tupleOf } from "./tuple-page";

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
      const ranges = await bounded(database, rangesOf(database, map, question, wanted), wanted);
      while (ranges.length > 0) {
        if (reading.events >= question.most) {
          reading.isComplete = false;
          return;
        }
        const some = ranges.splice(0, STATEMENTS_PER_CALL);
        const results = await readBatch<{ rows: string }>(
          database,
          some.map((range) => pageStatement(range, wanted, question.paths)),
        );
        const pages = results.map((rows): RawTuple[] => JSON.parse(rows[0]?.rows ?? "[]"));
        const series = await seriesOf(database, readerOf(database), new Set(pages.flat().map(([, , , id]) => id)));
        for (const [place, page] of pages.entries()) {
          const [range, last] = [some[place], page.at(-1)];
          if (page.length === pageSize(question.paths) && range !== undefined && last !== undefined) {
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

/**
 * Splits the ranges in which few events may match, so that no statement examines many more rows than it returns. Where
 * every event matches, the page bounds the statement.
 */
async function bounded(database: Database, ranges: LaneRange[], { isEverything }: WantedSeries): Promise<LaneRange[]> {
  const isSelective = (range: LaneRange) => !isEverything && !range.isRare && range.lane.main === null;
  const selective = ranges.filter(isSelective);
  if (selective.length === 0) return ranges;
  const low = Math.min(...selective.map(({ start }) => start));
  const high = Math.max(...selective.map(({ end }) => end)) - 1;
  const rowsIn = await expectedEvents(database, { low, high });
  return ranges.flatMap((range) =>
    isSelective(range)
      ? piecesOf({ low: range.start, high: range.end - 1 }, range.lane.partition, { rowsIn }).map((piece) => ({
          ...range,
          start: piece.low,
          end: piece.high + 1,
        }))
      : [range],
  );
}

/** Returns whether the index of rare categories of a partition holds all wanted events. */
export function isRareIn({ common }: Pick<Partition, "common">, { category }: WantedSeries): boolean {
  return category !== null && !common.has(category.category);
}
