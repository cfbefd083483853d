import { DrizzleQueryError } from "drizzle-orm/errors";
import type { PropertyPath } from "../../model/event/property-path";
import { type EventSource, keyOf } from "../../model/questions/event-pattern";
import type { SequenceEvent } from "../../model/questions/sequences/sequence-event";
import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { readerOf } from "../core/reader";
import { messageOf } from "../core/transport-errors";
import { type Series, seriesOf } from "../counts/series";
import { slotOf } from "../partitions/partition";
import type { PartitionMap } from "../partitions/partition-map";
import { type Bounds, boundsIn, type EventRange } from "../scan/event-order";
import { lanesIn, readAll } from "../scan/lane-chains";
import { piecesOf, ROWS_PER_STATEMENT } from "../scan/range-pieces";
import type { ExpectedEvents } from "./expected-events";
import type { WantedEvents } from "./slice-filter";
import {
  MAX_SLOTS_PER_STATEMENT,
  type PackedPage,
  type SliceEventRow,
  type SlicePlace,
  type SliceQuery,
  type SliceRange,
  shareOf,
  sliceStatement,
  unpackPage,
} from "./slice-statement";
import { numberOfValue, textOfValue } from "./slice-values";

/** The expected rows that the statements of a call read together. */
export const SLICE_PAGE = ROWS_PER_STATEMENT;

/** The characters of a page if values are as long as usual. D1 returns texts of up to 2 MB. */
const CHARACTERS_PER_PAGE = 1_200_000;

/** The most events of a page whose values turned out to be long: 8 values of 12 KB each. */
const EVENTS_PER_LONG_PAGE = 20;

/** The most ranges that are read in one call while they are expected to hold at most one page together. */
const MAX_RANGES_PER_CALL = 50;

/** An event of the slice, with the fields that order it. */
export interface SliceEvent extends SequenceEvent {
  /** Packed, as the visitor is. */
  session: string;
  receivedAfter: number;
  tie: number;
}

export interface SliceReading extends Omit<SliceQuery, "wanted"> {
  from: Micros;
  to: Micros;
  /** The wanted events of each database; null for all. A database that is missing here holds none. */
  wanted: ReadonlyMap<Database, readonly WantedEvents[] | null>;
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
    [...reading.wanted].map(([database, wanted]) => readDatabase(map, database, { ...reading, wanted }, take)),
  );
}

type DatabaseReading = Omit<SliceReading, "wanted"> & Pick<SliceQuery, "wanted">;

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
  let limit = eventsPerPage(reading);
  while (waiting.length > 0) {
    reading.check();
    const now = fewerThanAPage(waiting, database, reading);
    const pages = await readPages(database, now, reading, limit);
    if (pages === null) {
      if (limit <= EVENTS_PER_LONG_PAGE) throw new Error("a page of few events is longer than D1 allows");
      limit = Math.max(EVENTS_PER_LONG_PAGE, Math.floor(limit / 10));
      continue;
    }
    waiting = waiting.slice(now.length);
    const series = await seriesOf(
      database,
      readerOf(database),
      pages.flatMap(({ rows }) => rows.map(([, , , , seriesId]) => seriesId)),
    );
    const further: Place[] = [];
    for (const [n, { rows, place }] of pages.entries()) {
      for (const row of rows) {
        const event = eventOf(row, series, placeOf);
        if (event !== null) take(event);
      }
      const own = now[n];
      if (place !== null && own !== undefined && rows.length === limit)
        further.push({ range: own.range, after: place });
    }
    waiting = [...further, ...waiting];
  }
}

function eventsPerPage({ paths, withVisitor }: Pick<SliceQuery, "paths" | "withVisitor">): number {
  return Math.floor(CHARACTERS_PER_PAGE / (90 + (withVisitor ? 36 : 0) + 40 * paths.length));
}

/** D1: "string or blob too big: SQLITE_TOOBIG". */
const TOO_BIG = /too ?big/i;

/** A page of each place. Null if one is longer than D1 allows. */
async function readPages(database: Database, places: readonly Place[], query: SliceQuery, limit: number) {
  try {
    const found = await readAll<PackedPage>(
      places.map(({ range, after }) => ({ database, statement: sliceStatement(range, query, after, limit) })),
    );
    return places.map(({ range }, n) => unpackPage(found[n]?.[0] ?? NO_PAGE, range));
  } catch (thrown) {
    if (thrown instanceof DrizzleQueryError && TOO_BIG.test(messageOf(thrown.cause))) return null;
    throw thrown;
  }
}

const NO_PAGE: PackedPage = { events: "[]", last: null };

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

/** A seek for a slot reads the slot's number, and the row behind the slot. */
const ROWS_PER_SEEK = 2;

/** A range with the rows that reading it is expected to cost. */
export interface CostedRange extends SliceRange {
  rows: number;
}

/** The ranges of a database, in order of time. */
export function rangesOf(
  map: PartitionMap,
  database: Database,
  { from, to, slice, expected }: Pick<SliceReading, "from" | "to" | "slice" | "expected">,
): CostedRange[] {
  const range: EventRange = { order: "asc", from, to, after: null };
  const within = expected.get(database);
  const partitions = map.overlapping(from, to).filter(({ databases }) => databases.includes(database.index));
  return partitions.flatMap((partition) => {
    const bounds = boundsIn(partition, range);
    return lanesIn(partition, database).flatMap((lane): CostedRange[] => {
      const costOf = (own: Bounds): Pick<CostedRange, "isSought" | "rows"> => {
        // Late events are not counted, and they are few.
        const events = lane.main === null ? (within?.(own) ?? 0) : 0;
        const slots = slotOf(own.high, partition) - slotOf(own.low, partition) + 1;
        const sought = ROWS_PER_SEEK * slots + events * shareOf(slice);
        return { isSought: sought < events, rows: Math.min(sought, events) };
      };
      return piecesOf(bounds, partition, {
        rowsIn: (own) => costOf(own).rows,
        mostSlots: MAX_SLOTS_PER_STATEMENT,
      }).map((own) => ({ lane, bounds: own, ...costOf(own) }));
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
  [session, occurredAt, tie, receivedAfter, seriesId, type, visitor, ...values]: SliceEventRow,
  series: ReadonlyMap<number, Series>,
  placeOf: (path: PropertyPath) => number,
): SliceEvent | null {
  const words = series.get(seriesId);
  if (words === undefined) return null;
  return {
    ...{ session, visitor, occurredAt, receivedAfter, tie },
    source: type === null ? words : sourceOf(words, type),
    valueAt: (path: PropertyPath) => textOfValue(values[placeOf(path)]),
    numberAt: (path: PropertyPath) => numberOfValue(values[placeOf(path)]),
  };
}

function sourceOf({ application }: Series, type: string): EventSource {
  const [category, name]: [string, string] = JSON.parse(type);
  return { application, category, name };
}
