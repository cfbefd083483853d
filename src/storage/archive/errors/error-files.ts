import type { EventCode } from "../../../model/codes";
import { type Database, firstDatabase } from "../../core/databases";
import type { Order } from "../../scan/event-order";
import { EVERY_FAILURE } from "../../write/failure-counts";
import type { ArchiveFile } from "../file/archive-file";
import { type Archive, filesHolding } from "../find-archived";
import { filesByHour, filesInHours } from "../manifest";
import type { ColdFiles } from "../scan-files";

/** Which files of errors may hold what is asked for. Everything here throws what D1 throws. */

/** Files that a scan lists at a time, and hours that the counts name. */
const MAX_FILES = 48;
const MAX_HOURS = 40;

/** Aggregate rows of failures that one look at the counts reads in each database. */
const MAX_COUNTS = 20_000;

const HOUR_SECONDS = 3_600;

export interface Hours {
  first: number;
  last: number;
  order: Order;
}

/** What the counts of failures know of an error. null: any. */
export interface CountedFilter {
  code: EventCode | null;
  applications: readonly string[] | null;
  category: string | null;
  name: string | null;
}

/** The files that hold errors under a name of the session index (see ERROR_NAMES), in whatever database. */
export async function errorFilesHolding(
  archive: Archive,
  names: readonly string[],
  { first, last }: Pick<Hours, "first" | "last">,
): Promise<ColdFiles> {
  const found = await Promise.all(
    archive.databases.map((database) => filesHolding(archive, database, names, { kind: "errors", first, last })),
  );
  return { files: found.flat(), boundary: null };
}

/** The next files of errors by hour; with a filter those of hours in which such errors were counted. */
export async function errorFilesByHour(
  { databases }: Archive,
  filter: CountedFilter,
  { first, last, order }: Hours,
): Promise<ColdFiles> {
  const isFiltered = [filter.code, filter.applications, filter.category, filter.name].some((one) => one !== null);
  const files = await filesByHour(firstDatabase(databases), {
    ...{ kind: "errors", partitions: null, first, last, order, limit: MAX_FILES + 1 },
  });
  const beyond = files[MAX_FILES];
  if (!isFiltered || files.length === 0) {
    // The hour of the last one is not whole: others of it may not be listed.
    const listed = beyond === undefined ? files : await wholeHours(databases, files.slice(0, MAX_FILES), beyond.hour);
    const end = listed.at(-1)?.hour;
    return {
      files: listed.map(whole),
      boundary: beyond === undefined || end === undefined ? null : boundaryBehind(end, order),
    };
  }
  const { hours, boundary } = await countedHours(databases, filter, { first, last, order });
  const held = await filesInHours(firstDatabase(databases), { kind: "errors", hours, partitions: null });
  return { files: held.map(whole), boundary };
}

async function wholeHours(
  databases: readonly Database[],
  files: readonly ArchiveFile[],
  cut: number,
): Promise<ArchiveFile[]> {
  const listed = files.filter(({ hour }) => hour !== cut);
  if (listed.length > 0) return listed;
  return filesInHours(firstDatabase(databases), { kind: "errors", hours: [cut], partitions: null });
}

function whole(file: ArchiveFile): ColdFiles["files"][number] {
  return { file, groups: null };
}

/** The first moment behind an hour, in the order of a scan. */
function boundaryBehind(hour: number, order: Order): number {
  return order === "asc" ? (hour + HOUR_SECONDS) * 1_000_000 : hour * 1_000_000 - 1;
}

/**
 * The next hours in which errors like these were counted. Failures beyond the bound on groups are counted under an empty category
 * and name, so they may be of any.
 */
async function countedHours(databases: readonly Database[], filter: CountedFilter, { first, last, order }: Hours) {
  const { code, applications, category, name } = filter;
  const asked = [applications === null ? null : JSON.stringify(applications), category, name];
  const found = await Promise.all(
    databases.map(async ({ binding }) => {
      const { results } = await binding
        .prepare(COUNTED_HOURS[order])
        .bind(code ?? EVERY_FAILURE, first, last, ...asked)
        .all<{ hour: number; looked: number; holds: number }>();
      return results;
    }),
  );
  const inOrder = (a: number, b: number) => (order === "asc" ? a - b : b - a);
  // Where the counts did not all fit, there may be more in the last hour, and behind it.
  const cuts = found.flatMap((rows) =>
    rows.reduce((sum, { looked }) => sum + looked, 0) < MAX_COUNTS ? [] : (rows.at(-1)?.hour ?? []),
  );
  const cut = cuts.sort(inOrder)[0];
  const holding = found.flat().flatMap(({ hour, holds }) => (holds === 1 || hour === cut ? [hour] : []));
  const hours = [...new Set(holding)].filter((hour) => cut === undefined || inOrder(hour, cut) <= 0).sort(inOrder);
  const taken = hours.slice(0, MAX_HOURS);
  const end = hours.length > MAX_HOURS ? taken.at(-1) : cut;
  return { hours: taken, boundary: end === undefined ? null : boundaryBehind(end, order) };
}

/** ?1: code. ?2 and ?3: hours. ?4: JSON of applications. ?5: category. ?6: name. null: any. */
function countedHoursSql(direction: "ASC" | "DESC"): string {
  return `
SELECT bucket AS hour, count(*) AS looked, max(
    (?4 IS NULL OR application IN (SELECT value FROM json_each(?4)))
    AND ((category = '' AND name = '' AND path = '')
      OR ((?5 IS NULL OR category = ?5) AND (?6 IS NULL OR name = ?6)))
  ) AS holds
FROM (
  SELECT bucket, application, category, name, path FROM failures
  WHERE seconds = ${HOUR_SECONDS} AND code = ?1 AND bucket BETWEEN ?2 AND ?3
  ORDER BY bucket ${direction} LIMIT ${MAX_COUNTS}
) GROUP BY bucket ORDER BY bucket ${direction}`;
}

const COUNTED_HOURS: Record<Order, string> = { asc: countedHoursSql("ASC"), desc: countedHoursSql("DESC") };
