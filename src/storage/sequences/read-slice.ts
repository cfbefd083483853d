import type { PropertyPath } from "../../model/event/property-path";
import { keyOf } from "../../model/questions/event-pattern";
import type { SequenceEvent } from "../../model/questions/sequences/sequence-event";
import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { readerOf } from "../core/reader";
import { type Series, seriesOf } from "../counts/series";
import { slotOf } from "../partitions/partition";
import type { PartitionMap } from "../partitions/partition-map";
import { type Bounds, boundsIn, type EventRange } from "../scan/event-order";
import { lanesIn, readAll } from "../scan/lane-chains";
import { piecesOf, ROWS_PER_STATEMENT } from "../scan/range-pieces";
import type { ExpectedEvents } from "./expected-events";
import {
  MAX_SLOTS_PER_STATEMENT,
  numberOfValue,
  type SlicePlace,
  type SliceQuery,
  type SliceRange,
  type SliceRow,
  shareOf,
  sliceStatement,
  textOfValue,
} from "./slice-statement";

/** The expected rows that a statement reads, and the most events it returns: about 3 MB of JSON in about 50 ms. */
export const SLICE_PAGE = ROWS_PER_STATEMENT;

/** The most ranges that are read in one call while they are expected to hold at most one page together. */
const MAX_RANGES_PER_CALL = 50;

/** An event of the slice, with the fields that order it. */
export interface SliceEvent extends SequenceEvent {
  /** Packed, as the visitor is. */
  session: string;
  receivedAfter: number;
  tie: number;
}

export interface SliceReading extends Omit<SliceQuery, "series"> {
  from: Micros;
  to: Micros;
  /** The wanted dimension keys of each database; null for all. A database that is missing here holds no wanted events. */
  series: ReadonlyMap<Database, readonly number[] | null>;
  expected: ReadonlyMap<Database, ExpectedEvents>;
  /** Called before each page. Throws to stop the reading. */
  check: () => void;
}

/**
 * Reads the events of a slice in a time range, from all partitions and databases, each once. The events of a session
 * come unordered, because partitions, lanes and databases are read one after the other. Reads the events of the
 * slice and at most one seek for each slot.
 *
 * @throws DrizzleQueryError, and what `check` throws
 */
export async function readSlice(
  map: PartitionMap,
  reading: SliceReading,
  take: (event: SliceEvent) => void,
): Promise<void> {
  // Reading the databases one by one would add up their delays. All at once, they hold one page each.
  await Promise.all(
    [...reading.series].map(([database, series]) => readDatabase(map, database, { ...reading, series }, take)),
  );
}

type DatabaseReading = Omit<SliceReading, "series"> & Pick<SliceQuery, "series">;

interface Place {
  range: SliceRange;
  after: SlicePlace | null;
}

async function readDatabase(
  map: PartitionMap,
  database: Database,
  reading: DatabaseReading,
  take: (event: SliceEvent) => void,
): Promise<void> {
  const placeOf = placesOf(reading.paths);
  let waiting: Place[] = rangesOf(map, database, reading).map((range) => ({ range, after: null }));
  while (waiting.length > 0) {
    reading.check();
    const now = fewerThanAPage(waiting, database, reading);
    waiting = waiting.slice(now.length);
    const pages = await readAll<SliceRow>(
      now.map(({ range, after }) => ({
        database,
        statement: sliceStatement(range, reading, after, SLICE_PAGE),
      })),
    );
    const series = await seriesOf(
      database,
      readerOf(database),
      pages.flatMap((rows) => rows.map(({ seriesId }) => seriesId)),
    );
    const further: Place[] = [];
    for (const [n, rows] of pages.entries()) {
      for (const row of rows) {
        const event = eventOf(row, series, placeOf);
        if (event !== null) take(event);
      }
      const [last, own] = [rows.at(-1), now[n]];
      if (last !== undefined && own !== undefined && rows.length === SLICE_PAGE) {
        further.push({ range: own.range, after: last });
      }
    }
    waiting = [...further, ...waiting];
  }
}

/** The first ranges that are together expected to hold at most a page; at least one. */
function fewerThanAPage(waiting: readonly Place[], database: Database, { expected, slice }: DatabaseReading): Place[] {
  const within = expected.get(database);
  let events = 0;
  const end = waiting.findIndex(({ range: { bounds } }, n) => {
    events += (within?.(bounds) ?? 0) * shareOf(slice);
    return n >= MAX_RANGES_PER_CALL || (n > 0 && events > SLICE_PAGE);
  });
  return waiting.slice(0, end === -1 ? waiting.length : end);
}

/** The ranges of a database, in order of time. */
export function rangesOf(
  map: PartitionMap,
  database: Database,
  { from, to, slice, expected }: Pick<SliceReading, "from" | "to" | "slice" | "expected">,
): SliceRange[] {
  const range: EventRange = { order: "asc", from, to, after: null };
  const partitions = map.overlapping(from, to).filter(({ databases }) => databases.includes(database.index));
  return partitions.flatMap((partition) => {
    const bounds = boundsIn(partition, range);
    const slots = slotOf(bounds.high, partition) - slotOf(bounds.low, partition) + 1;
    return lanesIn(partition, database).flatMap((lane): SliceRange[] => {
      // Late events are not counted, and they are few.
      const events = lane.main === null ? (expected.get(database)?.(bounds) ?? 0) : 0;
      const isSought = slots + events * shareOf(slice) < events;
      const rows = (own: Bounds) => (expected.get(database)?.(own) ?? 0) * (isSought ? shareOf(slice) : 1);
      return piecesOf(bounds, partition, { rowsIn: rows, mostSlots: MAX_SLOTS_PER_STATEMENT }).map((own) => ({
        lane,
        bounds: own,
        isSought,
      }));
    });
  });
}

/** Finds the index of a path in the list of read paths. Each event looks up the same objects. */
function placesOf(paths: readonly PropertyPath[]): (path: PropertyPath) => number {
  const keys = paths.map(keyOf);
  const known = new Map<PropertyPath, number>();
  return (path) => {
    const place = known.get(path) ?? keys.indexOf(keyOf(path));
    known.set(path, place);
    return place;
  };
}

function eventOf(
  row: SliceRow,
  series: ReadonlyMap<number, Series>,
  placeOf: (path: PropertyPath) => number,
): SliceEvent | null {
  const words = series.get(row.seriesId);
  if (words === undefined) return null;
  const { application, category, name } = words;
  const [ownCategory, ownName]: [string, string] = row.type === null ? [category, name] : JSON.parse(row.type);
  return {
    session: row.session,
    visitor: row.visitor,
    occurredAt: row.occurredAt,
    receivedAfter: row.receivedAfter,
    tie: row.tie,
    source: { application, category: ownCategory, name: ownName },
    valueAt: (path: PropertyPath) => textOfValue(row[`v${placeOf(path)}`]),
    numberAt: (path: PropertyPath) => numberOfValue(row[`v${placeOf(path)}`]),
  };
}
