import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../../core/databases";
import { MAX_MINUTE_BUCKET_ROWS, MAX_ROWS_EXAMINED } from "../../core/read-limits";
import { isLate, type Partition, slotOf } from "../../partitions/partition";
import { rareIndexOf } from "../../partitions/partition-tables";
import {
  type Bounds,
  boundsOf,
  compareEventKeys,
  type EventKey,
  type EventRange,
  integer,
  type Order,
  startOf,
} from "../../scan/event-order";
import { chainsOf, type LaneSource, lanesIn, laneTable } from "../../scan/lane-chains";
import { inDirection, mergePartialPages, type Page, type PartialPage } from "../../scan/partial-page";
import { rareTerm, timeTerm } from "../../scan/scan-terms";
import { readWhole, type ScannedEvent, scanChains, scanEvents, scanMatching } from "../scan-statements";
import type { WantedSeries } from "../wanted-series";
import { boundaryAfter, type GuidingBucket, joinBuckets } from "./minute-bucket-plan";
import { type MinuteBucketPage, planPage } from "./minute-buckets";
import { laneOf } from "./sparse-hours";

/**
 * Rows read for an event that a bounded scan examines: the event and its sort entry, and both again if the page
 * stays short.
 */
const COST_OF_LOOK = 4;

interface MinuteBucketScan {
  range: EventRange;
  limit: number;
}

/**
 * Finds events of dimension keys that no index covers, such as a rare name in a common category. Exact counts show
 * which minutes hold them, and only these minutes are read. For a category that is rare in its partition, only its
 * index is read, of whole hours if it has few events.
 *
 * Each page is bounded in each database: MAX_GUIDING_COUNTS rows of counts, and MAX_MINUTE_BUCKET_ROWS events, or
 * twice that if a single minute holds more. If a bound ends the page early, the next page continues from there. Late
 * lanes have no counts and are scanned.
 *
 * @param partitions in the order of the scan
 * @param wanted databases without wanted dimension keys are left out
 * @throws DrizzleQueryError
 */
export async function scanMinuteBuckets(
  partitions: Partition[],
  wanted: ReadonlyMap<Database, WantedSeries>,
  scan: MinuteBucketScan,
): Promise<Page<ScannedEvent, EventKey>> {
  const { range, limit } = scan;
  const compare = inDirection(compareEventKeys, range.order);
  const main = await Promise.all([...wanted].map(([database, own]) => scanMain(database, own, partitions, scan)));
  const reached = mergePartialPages(main, compare, limit).next;
  const late = await scanLate(partitionsUpTo(partitions, range.order, reached), wanted, scan);
  return mergePartialPages([...main, ...late], compare, limit);
}

function partitionsUpTo(partitions: Partition[], order: Order, reached: EventKey | null): Partition[] {
  if (reached === null) return partitions;
  return partitions.filter(({ from, to }) => (order === "asc" ? from <= reached.occurredAt : to > reached.occurredAt));
}

function scanLate(
  partitions: Partition[],
  wanted: ReadonlyMap<Database, WantedSeries>,
  { range, limit }: MinuteBucketScan,
): Promise<PartialPage<ScannedEvent, EventKey>[]> {
  const chains = chainsOf([...wanted.keys()], partitions).filter(({ lanes }) => lanes.every(isLate));
  return scanMatching(
    scanChains(chains, (lane) => timeTerm(lane, range)),
    { limit, budget: MAX_ROWS_EXAMINED, matches: (database) => wanted.get(database)?.matches ?? sql`false` },
  );
}

async function scanMain(
  database: Database,
  wanted: WantedSeries,
  partitions: Partition[],
  { range, limit }: MinuteBucketScan,
): Promise<PartialPage<ScannedEvent, EventKey>> {
  const { order, after } = range;
  const bounds = boundsOf(range);
  const lanes = partitions
    .filter(({ databases, from, to }) => databases.includes(database.index) && from <= bounds.high && to > bounds.low)
    .flatMap((partition) => lanesIn(partition, database).filter((lane) => !isLate(lane)));
  if (lanes.length === 0) return { rows: [], until: null };
  const readable = {
    low: Math.max(bounds.low, Math.min(...lanes.map(({ partition }) => partition.from))),
    high: Math.min(bounds.high, Math.max(...lanes.map(({ partition }) => partition.to)) - 1),
  };
  const readsIndex = ({ partition }: LaneSource) =>
    wanted.category !== null && !partition.common.has(wanted.category.category);
  const guided = await planPage({ database, wanted, lanes, readsIndex, order, limit, bounds: readable });
  const { plan } = guided;
  const pieces = piecesOf(plan.whole, lanes, readable);
  const expected = plan.whole.reduce((sum, { matching }) => sum + matching, 0);
  const [whole, last] = await Promise.all([
    readWhole(
      pieces.map(({ lane, within }) => ({
        ...{ database, lane },
        statement: wholeStatement(lane, within, wanted, readsIndex(lane)),
      })),
      expected,
    ),
    plan.last === null ? null : readLast(plan.last, lanes, { wanted, range, limit, readsIndex, bounds: readable }),
  ]);

  const compare = inDirection(compareEventKeys, order);
  const rows = whole.filter(({ key }) => after === null || compare(key, after) > 0);
  rows.sort((a, b) => compare(a.key, b.key));
  return { rows: [...rows, ...(last?.rows ?? [])], until: last?.until ?? reachedBy(guided, order) };
}

function reachedBy({ plan, more, reached }: MinuteBucketPage, order: Order): EventKey | null {
  if (!more) return null;
  if (reached !== null) return startOf(reached);
  const bucket = plan.last ?? plan.whole.at(-1);
  return bucket === undefined ? null : startOf(boundaryAfter(bucket, order));
}

interface Piece {
  lane: LaneSource;
  within: Bounds[];
}

/** Adjacent buckets joined, by their lane. */
function piecesOf(buckets: GuidingBucket[], lanes: readonly LaneSource[], { low, high }: Bounds): Piece[] {
  return lanes.flatMap((lane) => {
    const { from, to } = lane.partition;
    const within = joinBuckets(buckets.filter(({ start }) => start >= from && start < to)).map(([start, end]) => ({
      low: Math.max(start, low),
      high: Math.min(end - 1, high),
    }));
    return within.length === 0 ? [] : [{ lane, within }];
  });
}

/** All wanted events of some time ranges of a lane. */
function wholeStatement(lane: LaneSource, within: Bounds[], wanted: WantedSeries, readsIndex: boolean): SQL {
  const list = within.map(({ low, high }) => [slotOf(low, lane.partition), slotOf(high, lane.partition), low, high]);
  const pieces = sql`json_each(${JSON.stringify(list)}) AS piece`;
  const isWithin = sql`e.occurred_at BETWEEN piece.value ->> 2 AND piece.value ->> 3 AND ${wanted.matches}`;
  if (readsIndex && wanted.category !== null) {
    return sql`FROM ${pieces} CROSS JOIN ${laneTable("events", lane)} AS e INDEXED BY ${sql.raw(rareIndexOf(lane))}
      WHERE e.rare = ${integer(wanted.category.categoryId)} AND e.rare IS NOT NULL AND ${isWithin}`;
  }
  return sql`FROM ${pieces} CROSS JOIN ${laneTable("events", lane)} AS e
    WHERE e.slot BETWEEN piece.value ->> 0 AND piece.value ->> 1 AND ${isWithin}`;
}

interface LastBucket extends MinuteBucketScan {
  wanted: WantedSeries;
  readsIndex: (lane: LaneSource) => boolean;
  bounds: Bounds;
}

/** The wanted events of one bucket, in order, until the page is full. */
async function readLast(
  { start, width, cost }: GuidingBucket,
  lanes: readonly LaneSource[],
  { wanted, range, limit, readsIndex, bounds }: LastBucket,
): Promise<PartialPage<ScannedEvent, EventKey> | null> {
  const lane = laneOf(start, lanes);
  if (lane === undefined) return null;
  const own = { ...range, from: Math.max(bounds.low, start), to: Math.min(bounds.high, start + width - 1) };
  const term =
    readsIndex(lane) && wanted.category !== null
      ? rareTerm(lane, own, integer(wanted.category.categoryId))
      : timeTerm(lane, own);
  const chains = [{ database: lane.database, terms: [term] }];
  const matches = () => wanted.matches;
  const [partialPage = null] =
    cost <= MAX_MINUTE_BUCKET_ROWS
      ? await scanEvents(chains, limit, matches)
      : await scanMatching(chains, { limit, budget: MAX_MINUTE_BUCKET_ROWS / COST_OF_LOOK, matches });
  return partialPage;
}
