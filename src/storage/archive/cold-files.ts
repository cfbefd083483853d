import { hourOf } from "../../model/time/units";
import type { Database } from "../core/databases";
import { firstDatabase } from "../core/databases";
import { databaseOf, type Partition } from "../partitions/partition";
import type { PartitionMap } from "../partitions/partition-map";
import { boundsOf, type EventKey, type EventRange } from "../scan/event-order";
import { visitorName } from "./file/session-index";
import { type Archive, filesHolding } from "./find-archived";
import { boundaryOf, filesOfHours, type ListedFiles, MAX_INDEX_HOURS, nextFiles } from "./listed-files";
import type { ColdFiles } from "./scan-files";

/** The partitions whose events are in the archive. */
export function coldPartitions(map: PartitionMap, range: EventRange): Partition[] {
  const { low, high } = boundsOf(range);
  return low > high
    ? []
    : map.overlapping(low, high).filter(({ state }) => state === "archived" || state === "dropped");
}

/** The part of a range that the scan reaches before the given key. */
export function rangeUntil(range: EventRange, until: EventKey | null): EventRange {
  if (until === null) return range;
  return range.order === "asc"
    ? { ...range, to: Math.min(range.to ?? Number.MAX_SAFE_INTEGER, until.occurredAt) }
    : { ...range, from: Math.max(range.from ?? 0, until.occurredAt) };
}

function hoursOf(partitions: readonly Partition[], range: EventRange): { first: number; last: number } {
  const { low, high } = boundsOf(range);
  const from = Math.max(low, Math.min(...partitions.map((partition) => partition.from)));
  const to = Math.min(high, Math.max(...partitions.map((partition) => partition.to)) - 1);
  return { first: hourOf(from), last: hourOf(to) };
}

/** The next files by time. */
export function filesByTime(
  { databases }: Archive,
  partitions: readonly Partition[],
  range: EventRange,
): Promise<ColdFiles> {
  return nextFiles(firstDatabase(databases), { ...listed(partitions, range), ...hoursOf(partitions, range) });
}

function listed(partitions: readonly Partition[], { order }: EventRange): ListedFiles {
  return { kind: "events", partitions: partitions.map(({ id }) => id), order };
}

/** The files that hold a session. */
export async function filesOfSession(
  archive: Archive,
  partitions: readonly Partition[],
  session: string,
  range: EventRange,
): Promise<ColdFiles> {
  const indexes = new Set(partitions.map((partition) => databaseOf(partition, session)));
  const ids = new Set(partitions.map(({ id }) => id));
  const found = await Promise.all(
    archive.databases
      .filter(({ index }) => indexes.has(index))
      .map((database) => filesHolding(archive, database, [session], hoursOf(partitions, range))),
  );
  return { files: found.flat().filter(({ file }) => ids.has(file.partition)), boundary: null };
}

/** The files that hold events of a visitor, whose sessions may lie in any database. */
export async function filesOfVisitor(
  archive: Archive,
  partitions: readonly Partition[],
  visitor: string,
  range: EventRange,
): Promise<ColdFiles> {
  const ids = new Set(partitions.map(({ id }) => id));
  const names = [visitorName(visitor)];
  const found = await Promise.all(
    archive.databases.map((database) => filesHolding(archive, database, names, hoursOf(partitions, range))),
  );
  return { files: found.flat().filter(({ file }) => ids.has(file.partition)), boundary: null };
}

/**
 * The next files that hold events of the given dimension keys, by the hours that have such events.
 *
 * @param series the numbers of the wanted dimension keys in each database
 */
export async function filesOfSeries(
  { databases }: Archive,
  partitions: readonly Partition[],
  series: ReadonlyMap<Database, readonly number[]>,
  range: EventRange,
): Promise<ColdFiles> {
  const isAscending = range.order === "asc";
  const { first, last } = hoursOf(partitions, range);
  const found = await Promise.all(
    [...series].map(async ([{ binding }, ids]) => {
      const { results } = await binding
        .prepare(
          `SELECT DISTINCT hour FROM json_each(?1) AS wanted CROSS JOIN series_hours AS h
           WHERE h.series_id = wanted.value AND h.hour BETWEEN ?2 AND ?3
           ORDER BY hour ${isAscending ? "ASC" : "DESC"} LIMIT ?4`,
        )
        .bind(JSON.stringify(ids), first, last, MAX_INDEX_HOURS + 1)
        .all<{ hour: number }>();
      return results.map(({ hour }) => hour);
    }),
  );
  const hours = [...new Set(found.flat())].sort((a, b) => (isAscending ? a - b : b - a));
  const beyond = hours[MAX_INDEX_HOURS];
  return filesOfHours(firstDatabase(databases), {
    ...listed(partitions, range),
    hours: hours.slice(0, MAX_INDEX_HOURS),
    boundary: beyond === undefined ? null : boundaryOf(beyond, range.order),
  });
}
