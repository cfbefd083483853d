import type { Micros } from "../../model/time/time";
import { HOUR_SECONDS } from "../../model/time/units";
import type { Database } from "../core/databases";
import type { Order } from "../scan/event-order";
import type { ArchiveFile, ArchiveKind } from "./file/archive-file";
import { filesByHour, filesInHours } from "./manifest";
import type { ColdFiles } from "./scan-files";

/** The files that a scan lists at a time. It reads from each, so this is below the limit of reads per request. */
const FILES_LISTED = 48;

/** The hours that a scan takes at a time if counts name them. */
export const MAX_INDEX_HOURS = 40;

export interface ListedFiles {
  kind: ArchiveKind;
  /** The numbers of partitions; null for all. */
  partitions: readonly number[] | null;
  order: Order;
}

/**
 * The next files by hour.
 *
 * @param database the first database, which has the manifest
 */
export async function nextFiles(
  database: Database,
  { first, last, ...listed }: ListedFiles & { first: number; last: number },
): Promise<ColdFiles> {
  const found = await filesByHour(database, { ...listed, first, last, limit: FILES_LISTED + 1 });
  const beyond = found[FILES_LISTED];
  if (beyond === undefined) return { files: found.map(whole), boundary: null };
  // The last hour may be incomplete: some of its files may not be listed. If it is the only hour, all of its files
  // are listed.
  const files = found.filter(({ hour }) => hour !== beyond.hour);
  if (files.length > 0) return { files: files.map(whole), boundary: boundaryOf(beyond.hour, listed.order) };
  return filesOfHours(database, {
    ...listed,
    hours: [beyond.hour],
    boundary: boundaryBehind(beyond.hour, listed.order),
  });
}

/** All files of some hours. The scan ends at the boundary. */
export async function filesOfHours(
  database: Database,
  { kind, partitions, hours, boundary }: ListedFiles & { hours: readonly number[]; boundary: Micros | null },
): Promise<ColdFiles> {
  const files = await filesInHours(database, { kind, partitions, hours });
  return { files: files.map(whole), boundary };
}

function whole(file: ArchiveFile): ColdFiles["files"][number] {
  return { file, groups: null };
}

/** The first instant of an hour in the order of the scan. */
export function boundaryOf(hour: number, order: Order): Micros {
  return order === "asc" ? hour * 1_000_000 : (hour + HOUR_SECONDS) * 1_000_000 - 1;
}

/** The first instant after an hour in the order of the scan. */
export function boundaryBehind(hour: number, order: Order): Micros {
  return boundaryOf(order === "asc" ? hour + HOUR_SECONDS : hour - HOUR_SECONDS, order);
}
