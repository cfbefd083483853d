import { sql } from "drizzle-orm";
import type { Database } from "../core/databases";
import { storedId } from "../core/packed-id";
import { MAX_ROWS_EXAMINED } from "../core/read-limits";
import { databaseOf, type Partition } from "../partitions/partition";
import type { PartitionMap } from "../partitions/partition-map";
import { type EventKey, type EventRange, integer } from "../scan/event-order";
import { chainsOf } from "../scan/lane-chains";
import type { Page, PartialPage } from "../scan/partial-page";
import { partitionsLeft, scanPartitions } from "../scan/scan-partitions";
import { rareTerm, sessionTerm } from "../scan/scan-terms";
import { partitionsOfSession } from "../sessions/session-times";
import { type ScanChain, type ScannedEvent, scanChains, scanEvents, scanMatching } from "./scan-statements";
import type { WantedSeries } from "./wanted-series";

interface SessionScan {
  session: string;
  /** The dimension keys that a filter wants, for each database that has any; null without a filter. */
  wanted: Promise<ReadonlyMap<Database, WantedSeries>> | null;
  range: EventRange;
  limit: number;
}

/** Partitions that are examined together for a filter. They share the events that a page may examine. */
const MAX_EXAMINED_TOGETHER = 8;

/**
 * Events of the session that are examined before the index of rare categories, if that holds everything that is
 * wanted; then as many in the index. An examined event is four rows read, one in the index two: it is read for the
 * matches and for the place of the end, and SQLite sorts equal timestamps.
 */
const EXAMINED_BEFORE_INDEX = 1_500;

/**
 * Lists the events of a session. Scans the partitions that hold it one by one: a session that returns for years has
 * windows in many of them. With a filter, each group of partitions examines MAX_ROWS_EXAMINED of the session's events,
 * or EXAMINED_BEFORE_INDEX and the rest in the index of rare categories.
 *
 * @throws DrizzleQueryError
 */
export async function scanSessionEvents(
  databases: Database[],
  map: PartitionMap,
  { session, wanted: filter, range, limit }: SessionScan,
): Promise<Page<ScannedEvent, EventKey>> {
  const left = partitionsLeft(map, range);
  const [partitions, wanted] = await Promise.all([
    left.length < 2 ? left : partitionsOfSession(databases, left, session),
    filter,
  ]);
  const { order } = range;
  const chainsIn = (group: Partition[]) =>
    scanChains(
      chainsOf(databases, group, (partition, { index }) => databaseOf(partition, session) === index),
      (lane) => sessionTerm(lane, range, session),
    );
  if (wanted === null) {
    // Each of these partitions holds an event, except at the ends of the range, so the page is full before the others
    // are needed.
    return scanPartitions(partitions.slice(0, limit + 3), { limit, order }, (group, missing) =>
      scanEvents(chainsIn(group), missing),
    );
  }
  return scanPartitions(partitions, { limit, order, most: MAX_EXAMINED_TOGETHER }, async (group, missing) => {
    const chains = chainsIn(group).flatMap((chain) => {
      const own = wanted.get(chain.database);
      return own === undefined ? [] : [{ ...chain, wanted: own }];
    });
    const lanes = chains.reduce((sum, { terms }) => sum + terms.length, 0);
    const most = chains.every(isRare) ? EXAMINED_BEFORE_INDEX : MAX_ROWS_EXAMINED;
    const budget = Math.ceil(most / Math.max(1, lanes));
    const examined = await scanMatching(chains, {
      limit: missing,
      budget,
      matches: (database) => wantedIn(wanted, database).matches,
    });
    const found = examined.reduce((sum, { rows }) => sum + rows.length, 0);
    if (found >= missing) return examined;
    return Promise.all(
      chains.map(async (chain, place) => {
        const page = examined[place] ?? { rows: [], until: null };
        return (await restFromRare(chain, page, { session, range, budget, limit: missing })) ?? page;
      }),
    );
  });
}

type FilteredChain = ScanChain & { wanted: WantedSeries };

/** True if the index of rare categories holds everything that is wanted of a chain. */
function isRare({ terms, wanted: { category } }: FilteredChain): boolean {
  return category !== null && !terms.some(({ lane }) => lane.partition.common.has(category.category));
}

/** Continues in the index of rare categories. Null if there is nothing left, or if the index does not hold it. */
async function restFromRare(
  chain: FilteredChain,
  { rows, until }: PartialPage<ScannedEvent, EventKey>,
  { session, range, budget, limit }: { session: string; range: EventRange; budget: number; limit: number },
): Promise<PartialPage<ScannedEvent, EventKey> | null> {
  const { database, terms, wanted } = chain;
  const { category } = wanted;
  if (until === null || category === null || !isRare(chain)) return null;
  const rest = terms.map(({ lane }) => rareTerm(lane, { ...range, after: until }, integer(category.categoryId)));
  const [page] = await scanMatching([{ database, terms: rest }], {
    limit: limit - rows.length,
    budget,
    inIndex: () => sql`e.session_id = ${storedId(session)}`,
    matches: () => wanted.matches,
  });
  return page === undefined ? null : { rows: [...rows, ...page.rows], until: page.until };
}

function wantedIn(wanted: ReadonlyMap<Database, WantedSeries>, database: Database): WantedSeries {
  const own = wanted.get(database);
  if (own === undefined) throw new Error(`Database ${database.index} has no wanted series.`);
  return own;
}
