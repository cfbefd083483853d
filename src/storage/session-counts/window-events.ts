import { type SQL, sql } from "drizzle-orm";
import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { packedSql } from "../core/packed-id";
import { readerOf } from "../core/reader";
import { jsonList, matchingSeriesIds, OTHER, type Series, seriesOf } from "../counts/series";
import { isLate, slotOf, WINDOW_MICROS } from "../partitions/partition";
import type { PartitionMap } from "../partitions/partition-map";
import { boundsIn, integer } from "../scan/event-order";
import { type LaneSource, lanesIn, laneTable, readAll } from "../scan/lane-chains";
import { type Slice, shareOf, soughtSlots } from "../sequences/slice-statement";

/** The events of a session in a window that have the same dimension key, and the same visitor if wanted, added up. */
export interface GroupedEvents {
  /** Packed. */
  session: string;
  sampleKey: number;
  window: number;
  series: number;
  events: number;
  first: Micros;
  last: Micros;
  /** Packed. Null if an event has none, or if visitors are not wanted. */
  visitor: string | null;
  /** The latest receipt. */
  received: Micros;
  /** A sum of hashes of the events: another one shows that events came or went. */
  mark: number;
}

/** The same with the application of the dimension key. */
export interface ApplicationEvents extends GroupedEvents {
  application: string;
}

/** The most groups that one statement returns: more come only from sessions whose ids were chosen to have one sample key. */
export const MAX_GROUPS = 60_000;

export class TooManySessions extends Error {}

/** Which events are counted. */
export interface CountedEvents {
  from: Micros;
  /** Exclusive. At most an hour later. */
  to: Micros;
  /** Null: all. */
  applications: readonly string[] | null;
  /** Whether visitors are wanted. */
  hasDetails: boolean;
  /** Default MAX_GROUPS. */
  mostGroups?: number;
}

/**
 * The events of a slice of the sessions in a range, from the main lanes of all databases. Late lanes are left out: their
 * events are in no counts before they are flushed, so whoever reads the counts sees them as late.
 *
 * @throws TooManySessions, DrizzleQueryError
 */
export async function readWindowEvents(
  databases: readonly Database[],
  map: PartitionMap,
  { from, to, applications, hasDetails, mostGroups = MAX_GROUPS }: CountedEvents,
  slice: Slice,
): Promise<ApplicationEvents[]> {
  const partitions = map.overlapping(from, to - 1);
  const range = { order: "asc", from, to: to - 1, after: null } as const;
  const found = await Promise.all(
    databases.map(async (database) => {
      const lanes = partitions
        .filter(({ databases: shared }) => shared.includes(database.index))
        .flatMap((partition) => lanesIn(partition, database))
        .filter((lane) => !isLate(lane));
      const wanted = await matchingSeriesIds(readerOf(database), { applications, category: null, name: null });
      const pages = await readAll<GroupedEvents>(
        lanes.map((lane) => ({
          database,
          statement: groupStatement(lane, boundsIn(lane.partition, range), {
            slice,
            series: wanted,
            hasDetails,
            mostGroups,
          }),
        })),
      );
      if (pages.some((rows) => rows.length === mostGroups)) throw new TooManySessions();
      return withApplications(database, pages.flat());
    }),
  );
  return found.flat();
}

/** Adds applications. A replica may have an event before the row of its dimension key. */
export async function withApplications<Row extends { series: number }>(
  database: Database,
  rows: readonly Row[],
): Promise<(Row & { application: string })[]> {
  const series: ReadonlyMap<number, Series> = await seriesOf(
    database,
    readerOf(database),
    rows.map((row) => row.series),
  );
  return rows.map((row) => ({ ...row, application: series.get(row.series)?.application ?? OTHER }));
}

function groupStatement(
  lane: LaneSource,
  { low, high }: { low: Micros; high: Micros },
  {
    slice,
    series,
    hasDetails,
    mostGroups,
  }: { slice: Slice; series: readonly number[] | null; hasDetails: boolean; mostGroups: number },
): SQL {
  const [first, last] = [slotOf(low, lane.partition), slotOf(high, lane.partition)];
  const source =
    shareOf(slice) === 1
      ? sql`${laneTable("events", lane)} AS e WHERE e.slot BETWEEN ${integer(first)} AND ${integer(last)}`
      : soughtSlots(lane, [first, last], slice);
  const isWanted = series === null ? sql`true` : sql`e.series_id IN ${jsonList([...series])}`;
  return sql`SELECT ${sql.raw(packedSql("e.session_id"))} AS session, e.sample_key AS sampleKey,
      e.occurred_at / ${integer(WINDOW_MICROS)} AS "window", e.series_id AS series, count(*) AS events,
      min(e.occurred_at) AS first, max(e.occurred_at) AS last, max(e.occurred_at + e.received_after) AS received,
      sum(e.tie & 1048575) AS mark, ${hasDetails ? sql.raw(packedSql("e.visitor_id")) : sql`NULL`} AS visitor
    FROM ${source} AND +e.occurred_at BETWEEN ${integer(low)} AND ${integer(high)} AND ${isWanted}
    GROUP BY e.session_id, 3, 4 ${hasDetails ? sql`, e.visitor_id` : sql``} LIMIT ${integer(mostGroups)}`;
}
