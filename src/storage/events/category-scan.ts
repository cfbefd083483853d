import { sql } from "drizzle-orm";
import type { Database } from "../core/databases";
import { MAX_ROWS_EXAMINED } from "../core/read-limits";
import { categoryIdOf } from "../counts/series";
import { isLate, type Partition } from "../partitions/partition";
import { type EventKey, type EventRange, integer } from "../scan/event-order";
import { chainsOf, readAll } from "../scan/lane-chains";
import type { Page } from "../scan/partial-page";
import { scanPartitions } from "../scan/scan-partitions";
import { boundedTimeTerm, rareTerm, timeTerm } from "../scan/scan-terms";
import { OVERFLOW_CATEGORY_ID } from "../write/write-series";
import { scanMinuteBuckets } from "./minute-buckets/minute-bucket-scan";
import { type ScannedEvent, scanChains, scanEvents, scanMatching } from "./scan-statements";
import { isOfCategory, isOverflowOf, wantedSeries } from "./wanted-series";

interface CategoryScan {
  category: string;
  range: EventRange;
  limit: number;
}

/**
 * Events that one page examines for each event of a common category. A category has 1/24 of the traffic when it
 * becomes common. The rest is headroom, since a page that ends early costs another request.
 */
const EXAMINED_PER_EVENT = 28;
const EXAMINED_AT_LEAST = 500;

/**
 * Lists the events of a category.
 *
 * - If it is rare in a partition, its events are in the index of rare categories: one row read for each. Those of an
 *   overflow key are there among all of their kind, and a page examines a bounded number of them.
 * - If it is common, a page examines a bounded number of events by time. If the category has become rare since, the
 *   counts guide the scan.
 *
 * @throws DrizzleQueryError
 */
export async function scanCategory(
  databases: Database[],
  partitions: Partition[],
  { category, range, limit }: CategoryScan,
): Promise<Page<ScannedEvent, EventKey>> {
  const { order } = range;
  // Queried while the first partition is read, and used from the second on.
  let overflowing: Database[] | null = null;
  const isHeavy = ({ common }: Partition) => common.has(category);
  const page = await scanPartitions<ScannedEvent>(partitions, { limit, order, isHeavy }, async (group, wanted) => {
    const common = chainsOf(databases, group, isHeavy);
    const budget = EXAMINED_PER_EVENT * (wanted + 1) + EXAMINED_AT_LEAST;
    const isRare = (partition: Partition) => !partition.common.has(category);
    const overflow = sql.raw(String(OVERFLOW_CATEGORY_ID));
    const [known, ...partialPages] = await Promise.all([
      overflowing ?? withOverflow(databases),
      scanEvents(
        scanChains(
          common.filter(({ lanes }) => !lanes.some(isLate)),
          (lane) => boundedTimeTerm(lane, range, budget),
        ),
        wanted,
        () => isOfCategory(category),
      ),
      scanMatching(
        scanChains(
          common.filter(({ lanes }) => lanes.some(isLate)),
          (lane) => timeTerm(lane, range),
        ),
        { limit: wanted, budget, matches: () => isOfCategory(category) },
      ),
      scanEvents(
        scanChains(chainsOf(databases, group, isRare), (lane) => rareTerm(lane, range, categoryIdOf(category))),
        wanted,
      ),
      scanMatching(
        scanChains(chainsOf(overflowing ?? databases, group, isRare), (lane) => rareTerm(lane, range, overflow)),
        { limit: wanted, budget: MAX_ROWS_EXAMINED, matches: () => isOverflowOf(category) },
      ),
    ]);
    overflowing = known;
    return partialPages.flat();
  });
  if (page.next === null || page.rows.length >= limit) return page;

  const left = { ...range, after: page.next };
  const wanted = await Promise.all(
    databases.map(
      async (database) =>
        [database, await wantedSeries(database, { category, name: null, applications: null })] as const,
    ),
  );
  const { rows, next } = await scanMinuteBuckets(partitions, new Map(wanted.filter(([, { ids }]) => ids.length > 0)), {
    range: left,
    limit: limit - page.rows.length,
  });
  return { rows: [...page.rows, ...rows], next };
}

/** The databases that have an overflow key. */
async function withOverflow(databases: readonly Database[]): Promise<Database[]> {
  const found = await readAll<{ category_id: number }>(
    databases.map((database) => ({
      database,
      statement: sql`SELECT category_id FROM series WHERE category_id = ${integer(OVERFLOW_CATEGORY_ID)} LIMIT 1`,
    })),
  );
  return databases.filter((_, place) => (found[place] ?? []).length > 0);
}
