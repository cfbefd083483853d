import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { firstDatabase } from "../core/databases";
import { databaseOf, type Partition } from "../partitions/partition";
import type { PartitionMap } from "../partitions/partition-map";
import { boundsOf, type EventKey, type EventRange, type Order } from "../scan/event-order";
import type { ColdFiles } from "./cold-scan";
import { type ArchiveFile, hourOf } from "./file/archive-file";
import { type Archive, filesHolding } from "./find-archived";
import { filesByHour, filesInHours } from "./manifest";

/** Files that a scan lists at a time: it reads something of each, and a request has fewer reads than this. */
const FILES_LISTED = 48;

/** The partitions whose events lie in the archive. */
export function coldPartitions(map: PartitionMap, range: EventRange): Partition[] {
  const { low, high } = boundsOf(range);
  return low > high
    ? []
    : map.overlapping(low, high).filter(({ state }) => state === "archived" || state === "dropped");
}

/** What is left of a range up to a place in the scan, behind which nothing is wanted. */
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
export async function filesByTime(
  { databases }: Archive,
  partitions: readonly Partition[],
  range: EventRange,
): Promise<ColdFiles> {
  const { order } = range;
  const files = await filesByHour(firstDatabase(databases), {
    ...{ kind: "events", order, limit: FILES_LISTED + 1, ...hoursOf(partitions, range) },
    partitions: partitions.map(({ id }) => id),
  });
  const beyond = files[FILES_LISTED];
  if (beyond === undefined) return { files: files.map(whole), edge: null };
  // The hour of the last one is not whole: others of it may not be listed. If there is only this hour, it is read to its end.
  const listed = files.filter(({ hour }) => hour !== beyond.hour);
  if (listed.length > 0) return { files: listed.map(whole), edge: edgeOf(beyond.hour, order) };
  const ids = partitions.map(({ id }) => id);
  const all = await filesInHours(firstDatabase(databases), { hours: [beyond.hour], partitions: ids });
  const nextHour = beyond.hour + (order === "asc" ? HOUR_SECONDS : -HOUR_SECONDS);
  return { files: all.map(whole), edge: edgeOf(nextHour, order) };
}

const HOUR_SECONDS = 3_600;

function whole(file: ArchiveFile): ColdFiles["files"][number] {
  return { file, groups: null };
}

/** The first moment of an hour that a scan comes to. */
function edgeOf(hour: number, order: Order): Micros {
  return order === "asc" ? hour * 1_000_000 : (hour + HOUR_SECONDS) * 1_000_000 - 1;
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
  return { files: found.flat().filter(({ file }) => ids.has(file.partition)), edge: null };
}

/** Hours that a minute-bucket scan looks at in one page. */
const MAX_INDEX_HOURS = 40;

/**
 * The next files in which some series have events, by the hours in which they have some.
 *
 * @param series the numbers of the wanted series in each database
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
  const files = await filesInHours(firstDatabase(databases), {
    hours: hours.slice(0, MAX_INDEX_HOURS),
    partitions: partitions.map(({ id }) => id),
  });
  return { files: files.map(whole), edge: beyond === undefined ? null : edgeOf(beyond, range.order) };
}
