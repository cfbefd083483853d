import { eq, type SQL, sql } from "drizzle-orm";
import { tieOf } from "../../../model/event/event-key";
import { isVisible } from "../../../model/keys/visibility";
import type { Micros } from "../../../model/time/time";
import type { Database } from "../../core/databases";
import { storedId } from "../../core/packed-id";
import { MAX_EVENTS_COUNTED, MAX_RECEIPT_WINDOWS } from "../../core/read-limits";
import { readBatch, readerOf } from "../../core/reader";
import { series } from "../../core/tables";
import { unionStatements } from "../../core/union-all";
import { isOfApplications } from "../../counts/series";
import { withPartitions } from "../../partitions/known-partitions";
import { databaseOf, isLate, type Lane, lanesToRead, slotsPerWindow, windowOf } from "../../partitions/partition";
import type { PartitionMap } from "../../partitions/partition-map";
import { sampleKeyOf } from "../../partitions/sample-key";

/** An event that is stored. */
export interface StoredReceipt {
  application: string;
  occurredAt: Micros;
  receivedAt: Micros;
  /**
   * Its place in the session, starting at 1. Null if more than MAX_EVENTS_COUNTED events or MAX_RECEIPT_WINDOWS
   * windows precede it.
   */
  position: number | null;
  /** The number of events in the session with this id. More than one if it was sent with different timestamps. */
  events: number;
}

export interface ReceiptQuestion {
  session: string;
  id: string;
  /** Only events of these applications; null for any. */
  applications: readonly string[] | null;
}

/**
 * The newest event of a session with a given id. No index covers event ids, because that would cost one more row
 * written for each event. The query searches the newest MAX_EVENTS_COUNTED events of the session, in its newest
 * MAX_RECEIPT_WINDOWS windows.
 *
 * @throws what D1 throws
 */
export function findStoredEvent(databases: Database[], question: ReceiptQuestion): Promise<StoredReceipt | null> {
  return withPartitions(databases, async (map) => {
    const places = await placesOf(databases, map, question.session);
    const found = await search(places, question);
    const [newest] = found.toSorted((a, b) => b.occurredAt - a.occurredAt || b.receivedAfter - a.receivedAfter);
    if (newest === undefined) return null;
    const { application, occurredAt, receivedAfter } = newest;
    const position = await positionOf(places, question, newest);
    return { application, occurredAt, receivedAt: occurredAt + receivedAfter, position, events: found.length };
  });
}

/** A lane that holds events of a session, and its database. */
interface Place {
  database: Database;
  lane: Lane;
  /** Windows of the session. */
  windows: number;
}

/** The lanes that hold events of a session, newest partitions first. One row read for each of its windows. */
async function placesOf(databases: Database[], map: PartitionMap, session: string): Promise<Place[]> {
  const lanes = map.partitions.toReversed().flatMap((partition) => {
    const database = databases.find(({ index }) => index === databaseOf(partition, session));
    return database === undefined ? [] : lanesToRead(partition, database).map((lane) => ({ database, lane }));
  });
  const byDatabase = Map.groupBy(lanes, ({ database }) => database);
  const held = await Promise.all(
    [...byDatabase].map(async ([database, own]) => {
      const terms = own.map(
        ({ lane: { suffix } }) => sql`SELECT ${suffix} AS suffix, count(*) AS windows
          FROM ${sql.identifier(`activity_${suffix}`)} WHERE session_id = ${storedId(session)}`,
      );
      return (await readBatch<{ suffix: string; windows: number }>(database, unionStatements(terms))).flat();
    }),
  );
  const windows = new Map(held.flat().map((row) => [row.suffix, row.windows]));
  return lanes
    .map((place) => ({ ...place, windows: windows.get(place.lane.suffix) ?? 0 }))
    .filter((place) => place.windows > 0);
}

interface Found {
  application: string;
  occurredAt: Micros;
  receivedAfter: Micros;
  tie: number;
  partition: number;
}

async function search(places: Place[], { session, id, applications }: ReceiptQuestion): Promise<Found[]> {
  const found: Found[] = [];
  let eventsLeft = MAX_EVENTS_COUNTED;
  let windowsLeft = MAX_RECEIPT_WINDOWS;
  for (const place of places) {
    if (eventsLeft <= 0 || windowsLeft <= 0) break;
    const { database, lane } = place;
    const [all] = await readBatch<{ examined: number; matches: string }>(database, [
      sql`
        SELECT count(*) AS examined, json_group_array(json_array(occurred_at, received_after, tie, series_id))
          FILTER (WHERE tie = ${tieOf(id)} AND id = ${storedId(id)}) AS matches
        FROM (
          SELECT e.occurred_at, e.received_after, e.tie, e.series_id, e.id
          FROM ${eventsOf(places, place, session, windowsLeft)}
          ORDER BY a."window" DESC, n.n DESC, e.occurred_at DESC LIMIT ${eventsLeft}
        )`,
    ]).then((results) => results.flat());
    eventsLeft -= all?.examined ?? 0;
    windowsLeft -= place.windows;
    const matches: [occurredAt: Micros, receivedAfter: Micros, tie: number, seriesId: number][] = JSON.parse(
      all?.matches ?? "[]",
    );
    for (const [occurredAt, receivedAfter, tie, seriesId] of matches) {
      const [own] = await readerOf(database)
        .select({ application: series.application })
        .from(series)
        .where(eq(series.seriesId, seriesId));
      if (own === undefined || !isVisible(own.application, applications)) continue;
      found.push({ application: own.application, occurredAt, receivedAfter, tie, partition: lane.partition.id });
    }
  }
  return found;
}

/**
 * The position of an event among those of the given applications in its session: the number of events up to it,
 * counted in the partitions' keys alone.
 */
async function positionOf(
  places: Place[],
  { session, applications }: ReceiptQuestion,
  { occurredAt, receivedAfter, tie }: Found,
): Promise<number | null> {
  const until = places.filter(({ lane }) => lane.partition.from <= occurredAt);
  if (until.reduce((sum, { windows }) => sum + windows, 0) > MAX_RECEIPT_WINDOWS) return null;
  let position = 0;
  for (const place of until.toReversed()) {
    const limit = MAX_EVENTS_COUNTED + 1 - position;
    const [row] = await readBatch<{ events: number }>(place.database, [
      sql`
        SELECT count(*) AS events FROM (
          SELECT 1 FROM ${eventsOf(places, place, session, null)}
            AND a."window" <= ${windowOf(occurredAt)}
            AND (e.occurred_at, e.received_after, e.tie) <= (${occurredAt}, ${receivedAfter}, ${tie})
            AND ${isOfApplications(sql`e.series_id`, applications)}
          LIMIT ${limit}
        )`,
    ]).then((results) => results.flat());
    position += row?.events ?? 0;
    if (position > MAX_EVENTS_COUNTED) return null;
  }
  return position;
}

/**
 * The events of a session in a lane, as a FROM clause with a WHERE: its windows `a`, their slots `n`, and in each
 * slot the events `e`. Leaves out rows of a late lane that are copies of the main lane.
 *
 * @param windows the number of newest windows to use; null for all
 */
function eventsOf(places: Place[], { lane, database }: Place, session: string, windows: number | null): SQL {
  const { partition, suffix } = lane;
  const own = storedId(session);
  const slots = sql.raw(String(slotsPerWindow(partition)));
  const activity = sql.identifier(`activity_${suffix}`);
  const isNewest =
    windows === null
      ? sql``
      : sql` AND a."window" >= (
          SELECT min("window") FROM (
            SELECT "window" FROM ${activity} WHERE session_id = ${own} ORDER BY "window" DESC LIMIT ${windows}
          )
        )`;
  const main = isLate(lane)
    ? places.find(
        (other) => other.lane.partition.id === partition.id && other.database === database && !isLate(other.lane),
      )
    : undefined;
  const isOriginal =
    main === undefined
      ? sql``
      : sql` AND NOT EXISTS (
          SELECT 1 FROM ${sql.identifier(`events_${main.lane.suffix}`)} AS first
          WHERE first.slot = e.slot AND first.sample_key = e.sample_key AND first.session_id = e.session_id AND first.occurred_at = e.occurred_at AND first.tie = e.tie
        )`;
  return sql`${activity} AS a CROSS JOIN numbers AS n CROSS JOIN ${sql.identifier(`events_${suffix}`)} AS e
    WHERE a.session_id = ${own}${isNewest} AND n.n < ${slots} AND e.slot = a."window" * ${slots} + n.n AND e.sample_key = ${sampleKeyOf(session)}
      AND e.session_id = ${own}${isOriginal}`;
}
