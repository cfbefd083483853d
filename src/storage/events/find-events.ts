import type { Micros } from "../../model/time/time";
import type { ArchiveBucket } from "../archive/archive-bucket";
import { type ColdEvent, readColdPage } from "../archive/cold-events";
import { coldPartitions, filesByTime, filesOfSeries, filesOfSession, rangeUntil } from "../archive/cold-files";
import type { ReadBudget } from "../archive/file/file-reader";
import type { Archive } from "../archive/find-archived";
import { dropLateCopies } from "../archive/late-copies";
import type { Database } from "../core/databases";
import { unpackId } from "../core/packed-id";
import { MAX_PAGE_CONTENT, MAX_ROWS_EXAMINED } from "../core/read-limits";
import { readerOf } from "../core/reader";
import { type Series, type SeriesFilter, seriesOf } from "../counts/series";
import { withPartitions } from "../partitions/known-partitions";
import { databaseOf, type Partition } from "../partitions/partition";
import type { PartitionMap } from "../partitions/partition-map";
import { compareEventKeys, type EventKey, type EventRange } from "../scan/event-order";
import { chainsOf } from "../scan/lane-chains";
import { cutByBytes, inDirection, mergePartialPages, type Page, type PartialPage } from "../scan/partial-page";
import { partitionsLeft, scanPartitions } from "../scan/scan-partitions";
import { sessionTerm, timeTerm } from "../scan/scan-terms";
import { partitionsOfSession } from "../sessions/session-times";
import { scanCategory } from "./category-scan";
import { scanMinuteBuckets } from "./minute-bucket-scan";
import { loadPayloads } from "./payloads";
import { type ScannedEvent, scanChains, scanEvents, scanMatching } from "./scan-statements";
import { type WantedSeries, wantedSeries } from "./wanted-series";

/** Which events to list. Filters combine; null matches any. */
export interface EventQuestion extends SeriesFilter {
  session: string | null;
  range: EventRange;
  /** The most events in a page. */
  limit: number;
}

/** A stored event, with names instead of internal numbers. */
export interface FoundEvent {
  key: EventKey;
  session: string;
  application: string;
  category: string;
  name: string;
  occurredAt: Micros;
  receivedAt: Micros;
  id: string;
  /** JSON objects as text. */
  data: string;
  context: string | null;
  extra: string | null;
  visitor: string | null;
}

/**
 * One page of the events of all partitions and databases, in the order of (timestamp, receipt, session, tie).
 *
 * - By session: one seek for each slot of the windows in which it has events. Category, name and application are
 *   checked afterwards, so a page examines at most MAX_ROWS_EXAMINED of the session's events in each partition.
 * - By time: the slots from the cursor on.
 * - By category: see category-scan.ts. By name or application: see minute-bucket-scan.ts.
 *
 * A page ends early if its contents pass MAX_PAGE_CONTENT.
 *
 * @param budget reads of R2, where several pages share them
 * @throws DrizzleQueryError
 */
export function findEvents(
  databases: Database[],
  question: EventQuestion,
  archive: ArchiveBucket | null = null,
  budget?: ReadBudget,
): Promise<EventPage> {
  return withPartitions(databases, async (map) => {
    const { range, limit } = question;
    const compare = inDirection(compareEventKeys, range.order);
    const hot = await scanFiltered(databases, map, question);
    const cold = archive === null ? null : await coldPart({ bucket: archive, databases }, map, question, hot, budget);
    const whole: Page<ScannedEvent | ColdEvent, EventKey> =
      cold === null
        ? hot
        : mergePartialPages<ScannedEvent | ColdEvent, EventKey>(
            [{ rows: cold.late, until: hot.next }, cold],
            compare,
            limit,
          );
    const page = cutByBytes(whole, ({ size }) => size, MAX_PAGE_CONTENT);
    const [scanned, archived] = [page.rows.filter(isScanned), page.rows.filter(isCold)];
    const rows = [...(await inWords(scanned)), ...archived.map(fromArchive)];
    return {
      rows: rows.sort((a, b) => compare(a.key, b.key)),
      next: page.next,
      fromArchive: archived.length > 0,
    };
  });
}

/** A page, and whether the archive provided part of it. */
export interface EventPage extends Page<FoundEvent, EventKey> {
  fromArchive: boolean;
}

function isCold(event: ScannedEvent | ColdEvent): event is ColdEvent {
  return "archived" in event;
}

function isScanned(event: ScannedEvent | ColdEvent): event is ScannedEvent {
  return !isCold(event);
}

function fromArchive({ key, archived }: ColdEvent): FoundEvent {
  return { key, ...archived };
}

/**
 * The archive's part of a page, and the events from the databases that are not copies of archived ones. Null if the
 * archive has no part in it: the range has no archived partition, or the databases fill the page first.
 */
async function coldPart(
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
  const filter = { session, category, name, applications, receivedUntil: null };
  const files = async () => {
    if (session !== null) return filesOfSession(archive, partitions, session, range);
    const isFiltered = category !== null || name !== null || applications !== null;
    const series = isFiltered ? await guidingSeries(archive.databases, question) : null;
    return series === null
      ? filesByTime(archive, partitions, range)
      : filesOfSeries(archive, partitions, series, range);
  };
  // Before the archive is read: a row that moves there meanwhile is then found twice, under one key, and not lost.
  const late = await dropLateCopies(archive, partitions, hot.rows);
  const cold = await readColdPage(archive, { ...{ partitions, range, limit, filter }, files }, budget);
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

async function guidingSeries(
  databases: readonly Database[],
  filter: SeriesFilter,
): Promise<ReadonlyMap<Database, readonly number[]> | null> {
  const wanted = await wantedByDatabase([...databases], filter);
  if ([...wanted.values()].some(({ ids }) => ids.length > MAX_GUIDING_SERIES)) return null;
  return new Map([...wanted].map(([database, { ids }]) => [database, ids]));
}

type ScannedPage = Page<ScannedEvent, EventKey>;

/** A page of events as stored, with internal numbers. */
export async function scanFiltered(
  databases: Database[],
  map: PartitionMap,
  question: EventQuestion,
): Promise<ScannedPage> {
  const { session, category, name, applications, range, limit } = question;
  if (session !== null) return scanSession(databases, map, { ...question, session });
  const partitions = partitionsLeft(map, range);
  if (name === null && applications === null) {
    if (category === null) return scanTime(databases, partitions, question);
    return scanCategory(databases, partitions, { category, range, limit });
  }
  const wanted = await wantedByDatabase(databases, question);
  if (wanted.size === 0) return { rows: [], next: null };
  const holding = [...wanted.keys()];
  if ([...wanted.values()].every(({ isEverything }) => isEverything)) return scanTime(holding, partitions, question);
  const whole = wholeCategory([...wanted.values()]);
  if (whole !== null) return scanCategory(holding, partitions, { category: whole, range, limit });
  return scanMinuteBuckets(partitions, wanted, { range, limit });
}

function scanTime(
  databases: Database[],
  partitions: Partition[],
  { range, limit }: Pick<EventQuestion, "range" | "limit">,
): Promise<ScannedPage> {
  return scanPartitions(partitions, { limit, order: range.order }, (group, wanted) =>
    scanEvents(
      scanChains(chainsOf(databases, group), (lane) => timeTerm(lane, range)),
      wanted,
    ),
  );
}

/**
 * Scans the partitions that hold the session one by one: a session that returns for years has windows in many of
 * them.
 */
async function scanSession(
  databases: Database[],
  map: PartitionMap,
  question: EventQuestion & { session: string },
): Promise<ScannedPage> {
  const { session, category, name, applications, range, limit } = question;
  const isFiltered = category !== null || name !== null || applications !== null;
  const left = partitionsLeft(map, range);
  const [partitions, wanted] = await Promise.all([
    left.length < 2 ? left : partitionsOfSession(databases, left, session),
    isFiltered ? wantedByDatabase(databases, question) : null,
  ]);
  // Each of these partitions holds an event, except at the ends of the range, so the page is full before the others
  // are needed.
  const needed = isFiltered ? partitions : partitions.slice(0, limit + 3);
  return scanPartitions(needed, { limit, order: range.order }, (group, missing) => {
    const chains = scanChains(
      chainsOf(databases, group, (partition, { index }) => databaseOf(partition, session) === index),
      (lane) => sessionTerm(lane, range, session),
    );
    if (wanted === null) return scanEvents(chains, missing);
    const hopeful = chains.filter(({ database }) => wanted.has(database));
    return scanMatching(hopeful, { limit: missing, budget: MAX_ROWS_EXAMINED, matches: matchesOf(wanted) });
  });
}

/** The wanted dimension keys of each database that has any. */
async function wantedByDatabase(databases: Database[], filter: SeriesFilter): Promise<Map<Database, WantedSeries>> {
  const all = await Promise.all(
    databases.map(async (database) => [database, await wantedSeries(database, filter)] as const),
  );
  return new Map(all.filter(([, { ids }]) => ids.length > 0));
}

function matchesOf(wanted: ReadonlyMap<Database, WantedSeries>) {
  return (database: Database) => {
    const own = wanted.get(database);
    if (own === undefined) throw new Error(`Database ${database.index} has no wanted series.`);
    return own.matches;
  };
}

/** The category that contains exactly the wanted events, the same in all databases; null if there is none. */
function wholeCategory(wanted: WantedSeries[]): string | null {
  const categories = new Set(wanted.map(({ category }) => (category?.isWhole === true ? category.category : null)));
  const [only = null] = categories;
  return categories.size === 1 ? only : null;
}

/**
 * Adds names and texts to scanned events: those of their dimension keys, and the contents that were not read with
 * their rows.
 */
export async function inWords(events: ScannedEvent[]): Promise<FoundEvent[]> {
  const [payloads, ...parts] = await Promise.all([
    loadPayloads(events.filter(({ data }) => data === null)),
    ...[...Map.groupBy(events, ({ database }) => database)].map(async ([database, own]) => ({
      own,
      series: await seriesOf(
        database,
        readerOf(database),
        own.map(({ seriesId }) => seriesId),
      ),
    })),
  ]);
  return parts.flatMap(({ own, series }) =>
    own.map((event): FoundEvent => {
      const texts = series.get(event.seriesId);
      const { data, context, extra } = event.data === null ? (payloads.get(event) ?? event) : event;
      if (texts === undefined || data === null) {
        throw new Error(
          `Database ${event.database.index} lacks series ${event.seriesId} or the contents of an event that it listed.`,
        );
      }
      return { ...placeOf(event), ...typeOf(event, texts), data, context, extra };
    }),
  );
}

function placeOf({ key, id, visitor }: ScannedEvent) {
  const { occurredAt, receivedAfter, session } = key;
  return {
    ...{ key, occurredAt, receivedAt: occurredAt + receivedAfter },
    ...{ session: unpackId(session), id: unpackId(id), visitor: visitor === null ? null : unpackId(visitor) },
  };
}

/** The type of an event. An event with an overflow key stores its type itself. */
function typeOf({ type }: ScannedEvent, { application, category, name }: Series) {
  if (type === null) return { application, category, name };
  const [ownCategory, ownName]: [string, string] = JSON.parse(type);
  return { application, category: ownCategory, name: ownName };
}
