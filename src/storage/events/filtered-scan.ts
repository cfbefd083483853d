import type { Database } from "../core/databases";
import type { SeriesFilter } from "../counts/series";
import type { Partition } from "../partitions/partition";
import type { PartitionMap } from "../partitions/partition-map";
import type { EventKey, EventRange } from "../scan/event-order";
import { chainsOf } from "../scan/lane-chains";
import type { Page } from "../scan/partial-page";
import { partitionsLeft, scanPartitions } from "../scan/scan-partitions";
import { timeTerm } from "../scan/scan-terms";
import { scanCategory } from "./category-scan";
import { scanMinuteBuckets } from "./minute-buckets/minute-bucket-scan";
import { type ScannedEvent, scanChains, scanEvents } from "./scan-statements";
import { scanSessionEvents } from "./session-events-scan";
import { type WantedSeries, wantedSeries } from "./wanted-series";

/** Which events to list. Filters combine; null matches any. */
export interface EventQuestion extends SeriesFilter {
  session: string | null;
  range: EventRange;
  /** The most events in a page. */
  limit: number;
}

type ScannedPage = Page<ScannedEvent, EventKey>;

/** A page of events as stored, with internal numbers. */
export async function scanFiltered(
  databases: Database[],
  map: PartitionMap,
  question: EventQuestion,
): Promise<ScannedPage> {
  const { session, category, name, applications, range, limit } = question;
  if (session !== null) {
    const isFiltered = category !== null || name !== null || applications !== null;
    const wanted = isFiltered ? wantedByDatabase(databases, question) : null;
    return scanSessionEvents(databases, map, { session, wanted, range, limit });
  }
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

/** The wanted dimension keys of each database that has any. */
export async function wantedByDatabase(
  databases: Database[],
  filter: SeriesFilter,
): Promise<Map<Database, WantedSeries>> {
  const all = await Promise.all(
    databases.map(async (database) => [database, await wantedSeries(database, filter)] as const),
  );
  return new Map(all.filter(([, { ids }]) => ids.length > 0));
}

/** The category that contains exactly the wanted events, the same in all databases; null if there is none. */
function wholeCategory(wanted: WantedSeries[]): string | null {
  const categories = new Set(wanted.map(({ category }) => (category?.isWhole === true ? category.category : null)));
  const [only = null] = categories;
  return categories.size === 1 ? only : null;
}
