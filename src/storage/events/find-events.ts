import type { Micros } from "../../model/time";
import { compareEventKeys, type EventKey, type EventRange } from "../core/event-order";
import { withPartitions } from "../core/known-partitions";
import { chainsOf } from "../core/lane-chains";
import { databaseOf, type Partition } from "../core/partition";
import type { PartitionMap } from "../core/partition-map";
import { partitionsLeft, scanPartitions } from "../core/scan-partitions";
import { sessionTerm, timeTerm } from "../core/scan-terms";
import { cutByBytes, inDirection, mergeStretches, type Page } from "../core/stretch";
import type { Database } from "../databases";
import { unpackId } from "../packed-id";
import { MAX_PAGE_CONTENT, MAX_ROWS_EXAMINED } from "../read-limits";
import { readerOf } from "../reader";
import { type Series, type SeriesFilter, seriesOf } from "../series";
import { scanCategory } from "./category-scan";
import { scanGuided } from "./guided-scan";
import { loadPayloads } from "./payloads";
import { type ScannedEvent, scanChains, scanEvents, scanMatching } from "./scan-statements";
import { type WantedSeries, wantedSeries } from "./wanted-series";

/** Which events to list. Filters combine; null: any. */
export interface EventQuestion extends SeriesFilter {
  session: string | null;
  range: EventRange;
  /** Events in a page at most. */
  limit: number;
}

/** An event as it is stored, in words. */
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
 * One page of the events of all partitions and databases, in the order of (occurrence, receipt, session, tie).
 *
 * - By session: a seek for each slot of the windows in which it has events. Category, name and application are then left over,
 *   and a page looks at MAX_ROWS_EXAMINED of the session's events in each partition at most.
 * - By time: the slots from the cursor on.
 * - By category: see category-scan.ts. By name or application: see guided-scan.ts.
 *
 * A page ends early when its contents pass MAX_PAGE_CONTENT.
 *
 * @throws DrizzleQueryError
 */
export function findEvents(databases: Database[], question: EventQuestion): Promise<Page<FoundEvent, EventKey>> {
  return withPartitions(databases, async (map) => {
    const { order } = question.range;
    const page = cutByBytes(await scan(databases, map, question), ({ size }) => size, MAX_PAGE_CONTENT);
    const rows = await inWords(page.rows);
    const compare = inDirection(compareEventKeys, order);
    return { rows: rows.sort((a, b) => compare(a.key, b.key)), next: page.next };
  });
}

type ScannedPage = Page<ScannedEvent, EventKey>;

async function scan(databases: Database[], map: PartitionMap, question: EventQuestion): Promise<ScannedPage> {
  const { session, category, name, application, range, limit } = question;
  const partitions = partitionsLeft(map, range);
  if (session !== null) return scanSession(databases, partitions, { ...question, session });
  if (name === null && application === null) {
    if (category === null) return scanTime(databases, partitions, question);
    return scanCategory(databases, partitions, { category, range, limit });
  }
  const wanted = await wantedByDatabase(databases, question);
  if (wanted.size === 0) return { rows: [], next: null };
  const holding = [...wanted.keys()];
  if ([...wanted.values()].every(({ isEverything }) => isEverything)) return scanTime(holding, partitions, question);
  const whole = wholeCategory([...wanted.values()]);
  if (whole !== null) return scanCategory(holding, partitions, { category: whole, range, limit });
  return scanGuided(partitions, wanted, { range, limit });
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

async function scanSession(
  databases: Database[],
  partitions: Partition[],
  question: EventQuestion & { session: string },
): Promise<ScannedPage> {
  const { session, category, name, application, range, limit } = question;
  const chains = scanChains(
    chainsOf(databases, partitions, (partition, { index }) => databaseOf(partition, session) === index),
    (lane) => sessionTerm(lane, range, session),
  );
  const compare = inDirection(compareEventKeys, range.order);
  if (category === null && name === null && application === null) {
    return mergeStretches(await scanEvents(chains, limit), compare, limit);
  }
  const wanted = await wantedByDatabase(databases, question);
  const hopeful = chains.filter(({ database }) => wanted.has(database));
  const stretches = await scanMatching(hopeful, { limit, budget: MAX_ROWS_EXAMINED, matches: matchesOf(wanted) });
  return mergeStretches(stretches, compare, limit);
}

/** The wanted series of each database that has some. */
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

/** The category that holds what is wanted and nothing else, the same in all databases; null if there is none. */
function wholeCategory(wanted: WantedSeries[]): string | null {
  const categories = new Set(wanted.map(({ category }) => (category?.isWhole === true ? category.category : null)));
  const [only = null] = categories;
  return categories.size === 1 ? only : null;
}

/** Gives scanned events their texts: what their series stand for, and the contents left behind. */
async function inWords(events: ScannedEvent[]): Promise<FoundEvent[]> {
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

/** What an event is of. In an overflow series it says so itself. */
function typeOf({ type }: ScannedEvent, { application, category, name }: Series) {
  if (type === null) return { application, category, name };
  const [ownCategory, ownName]: [string, string] = JSON.parse(type);
  return { application, category: ownCategory, name: ownName };
}
