import { type ColdEvent, readColdPage } from "../archive/cold-events";
import { coldPartitions, filesByTime, filesOfSeries, filesOfSession, rangeUntil } from "../archive/cold-files";
import { ANY_ARCHIVED } from "../archive/cold-scan";
import type { ReadBudget } from "../archive/file/file-reader";
import type { Archive } from "../archive/find-archived";
import { dropLateCopies } from "../archive/late-copies";
import type { ColdFiles } from "../archive/scan-files";
import type { SeriesFilter } from "../counts/series";
import type { Partition } from "../partitions/partition";
import type { PartitionMap } from "../partitions/partition-map";
import type { EventKey, EventRange } from "../scan/event-order";
import type { Page, PartialPage } from "../scan/partial-page";
import { type EventQuestion, wantedByDatabase } from "./filtered-scan";
import type { ScannedEvent } from "./scan-statements";

/**
 * The archive's part of a page, and the events from the databases that are not copies of archived ones. Null if the
 * archive has no part in it: the range has no archived partition, or the databases fill the page first.
 */
export async function coldPart(
  archive: Archive,
  map: PartitionMap,
  question: EventQuestion,
  hot: Page<ScannedEvent, EventKey>,
  budget: ReadBudget | undefined,
): Promise<(PartialPage<ColdEvent, EventKey> & { late: ScannedEvent[] }) | null> {
  const { session, category, name, applications, limit } = question;
  const range = rangeUntil(question.range, hot.next);
  const partitions = coldPartitions(map, range);
  if (partitions.length === 0) return null;
  const filter = { ...ANY_ARCHIVED, session, category, name, applications };
  const files = async () => {
    if (session !== null) return filesOfSession(archive, partitions, session, range);
    return filesOfTypes(archive, partitions, question, range);
  };
  // Done before the archive is read, so that a row that moves there meanwhile is found twice, under one key, and not lost.
  const late = await dropLateCopies(archive, partitions, hot.rows);
  const cold = await readColdPage(archive, { ...{ partitions, range, limit, filter }, files }, budget);
  if (late.length === 0) return { ...cold, late };
  const archived = new Set(cold.rows.map(({ key }) => keyText(key)));
  return { ...cold, late: late.filter(({ key }) => !archived.has(keyText(key))) };
}

function keyText({ occurredAt, receivedAfter, session, tie }: EventKey): string {
  return JSON.stringify([occurredAt, receivedAfter, session, tie]);
}

/**
 * The most dimension keys whose hours guide a scan of the archive. With more of them, the scan goes by time, and
 * each file lists the types it holds.
 */
const MAX_GUIDING_SERIES = 50;

/**
 * The files of the archive that may hold events of the wanted types, guided by the hours of their dimension keys if
 * these are few.
 */
export async function filesOfTypes(
  archive: Archive,
  partitions: readonly Partition[],
  filter: SeriesFilter,
  range: EventRange,
): Promise<ColdFiles> {
  const { category, name, applications } = filter;
  if (category === null && name === null && applications === null) return filesByTime(archive, partitions, range);
  const wanted = await wantedByDatabase([...archive.databases], filter);
  if ([...wanted.values()].some(({ ids }) => ids.length > MAX_GUIDING_SERIES)) {
    return filesByTime(archive, partitions, range);
  }
  const series = new Map([...wanted].map(([database, { ids }]) => [database, ids]));
  return filesOfSeries(archive, partitions, series, range);
}
