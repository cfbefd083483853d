import type { EventCode } from "../../../model/codes";
import { HOUR_SECONDS } from "../../../model/time/units";
import { type Database, firstDatabase } from "../../core/databases";
import type { Order } from "../../scan/event-order";
import { EVERY_FAILURE } from "../../write/failure-counts";
import { type Archive, filesHolding } from "../find-archived";
import { boundaryBehind, filesOfHours, MAX_INDEX_HOURS, nextFiles } from "../listed-files";
import { filesByHour } from "../manifest";
import type { ColdFiles } from "../scan-files";

/** Which files of errors may hold what is asked for. Everything here throws what D1 throws. */

/** The aggregate rows of failures that a page reads in each database. */
const MAX_COUNTS = 20_000;

export interface Hours {
  first: number;
  last: number;
  order: Order;
}

/** The filters that the counts of failures can answer. Null matches any value. */
export interface CountedFilter {
  code: EventCode | null;
  applications: readonly string[] | null;
  category: string | null;
  name: string | null;
}

/** The files of all databases that hold errors under a name of the session index. See ERROR_NAMES. */
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

/** The next files of errors by hour. With a filter: the files of the hours in which such errors were counted. */
export async function errorFilesByHour(
  { databases }: Archive,
  filter: CountedFilter,
  { first, last, order }: Hours,
): Promise<ColdFiles> {
  const database = firstDatabase(databases);
  const listed = { kind: "errors", partitions: null, order } as const;
  const { code, applications, category, name } = filter;
  const isFiltered = [code, applications, category, name].some((one) => one !== null);
  if (!isFiltered) return nextFiles(database, { ...listed, first, last });
  // Counts are read only if the archive has errors of the range at all.
  const [any] = await filesByHour(database, { ...listed, first, last, limit: 1 });
  if (any === undefined) return { files: [], boundary: null };
  return filesOfHours(database, { ...listed, ...(await countedHours(databases, filter, { first, last, order })) });
}

/**
 * The next hours in which matching errors were counted. Failures above the limit of groups are counted under an empty category
 * and name, so such a row matches any category and name.
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
  // If the limit cut the counts, the last hour and later hours may have more.
  const cuts = found.flatMap((rows) =>
    rows.reduce((sum, { looked }) => sum + looked, 0) < MAX_COUNTS ? [] : (rows.at(-1)?.hour ?? []),
  );
  const cut = cuts.sort(inOrder)[0];
  const holding = found.flat().flatMap(({ hour, holds }) => (holds === 1 || hour === cut ? [hour] : []));
  const hours = [...new Set(holding)].filter((hour) => cut === undefined || inOrder(hour, cut) <= 0).sort(inOrder);
  const taken = hours.slice(0, MAX_INDEX_HOURS);
  const end = hours.length > MAX_INDEX_HOURS ? taken.at(-1) : cut;
  return { hours: taken, boundary: end === undefined ? null : boundaryBehind(end, order) };
}

/** ?1: code. ?2 and ?3: hours. ?4: JSON of applications. ?5: category. ?6: name. NULL matches any value. */
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
