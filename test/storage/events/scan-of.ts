import type { Database } from "../../../src/storage/core/databases";
import { unpackId } from "../../../src/storage/core/packed-id";
import type { ScannedEvent } from "../../../src/storage/events/scan-statements";
import type { EventRange } from "../../../src/storage/scan/event-order";
import { type Chain, chainsOf } from "../../../src/storage/scan/lane-chains";
import { partitionsOf } from "../seed";

/** All events, from either end. */
export function rangeOf(order: EventRange["order"], changes: Partial<EventRange> = {}): EventRange {
  return { order, from: null, to: null, after: null, ...changes };
}

/** The chains over all partitions, in the order of a scan. */
export async function chainsOver(databases: Database[], order: EventRange["order"] = "asc"): Promise<Chain[]> {
  const { partitions } = await partitionsOf(databases).latest();
  const ascending = partitions.toSorted((a, b) => a.from - b.from);
  return chainsOf(databases, order === "asc" ? ascending : ascending.toReversed());
}

/** The ids of scanned events, as their clients gave them. */
export const idsOf = (events: readonly ScannedEvent[]) => events.map(({ id }) => unpackId(id));
