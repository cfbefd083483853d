import { MAX_TERMS } from "../core/union-all";
import type { Partition } from "../partitions/partition";
import type { PartitionMap } from "../partitions/partition-map";
import { boundsOf, compareEventKeys, type EventKey, type EventRange } from "./event-order";
import { growingGroups } from "./lane-chains";
import { inDirection, mergePartialPages, type Page, type PartialPage } from "./partial-page";

/** The most partitions in one call of a scan: 52 statements for each database and kind of lane. */
export const MAX_GROUP = 256;

/** The partitions that overlap the remaining part of a range, in the order of the scan. */
export function partitionsLeft(map: PartitionMap, range: EventRange): Partition[] {
  const { low, high } = boundsOf(range);
  const partitions = map.overlapping(low, high);
  return range.order === "asc" ? partitions : partitions.toReversed();
}

/**
 * Reads partitions in growing groups until a page is full or a group could not be read to its end.
 *
 * @param limit rows in the page
 * @param isHeavy partitions of which many rows are examined for each row of the page. A group has at most one chain of
 *   them, which ends when the page is full; a second chain would be read ahead in vain.
 * @param read reads a group; `wanted` rows are still missing
 */
export async function scanPartitions<Row extends { key: EventKey }>(
  partitions: readonly Partition[],
  {
    limit,
    order,
    most = MAX_GROUP,
    isHeavy = () => false,
  }: { limit: number; order: EventRange["order"]; most?: number; isHeavy?: (partition: Partition) => boolean },
  read: (group: Partition[], wanted: number) => Promise<PartialPage<Row, EventKey>[]>,
): Promise<Page<Row, EventKey>> {
  const compare = inDirection(compareEventKeys, order);
  let rows: Row[] = [];
  for (const group of growingGroups(partitions, most, { isHeavy, mostHeavy: MAX_TERMS })) {
    const partialPages = await read(group, limit - rows.length);
    const page = mergePartialPages([{ rows, until: null }, ...partialPages], compare, limit);
    if (page.next !== null) return page;
    rows = page.rows;
  }
  return { rows, next: null };
}
