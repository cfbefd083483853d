import { coldPartitions } from "../archive/cold-files";
import type { Database } from "../core/databases";
import type { ScannedEvent } from "../events/scan-statements";
import { withPartitions } from "../partitions/known-partitions";
import { isLate, type Partition } from "../partitions/partition";
import type { PartitionMap } from "../partitions/partition-map";
import { type EventKey, type EventRange, startOf } from "../scan/event-order";
import { type Chain, chainsOf } from "../scan/lane-chains";
import { partitionsLeft } from "../scan/scan-partitions";
import { readChain } from "./chain-rows";

/**
 * The events of one read. A read may end within a slot, whose events the next read sorts again; that is a small
 * share of a read.
 */
const MAX_ROWS = 5_000;
const FIRST_ROWS = 500;

/** Characters of contents that one read should return, estimated from the mean of the read before it. */
const WANTED_CONTENT = 2_000_000;

/** Bytes of contents that one read may return if the events suddenly grow. Longer contents are fetched later. */
const MAX_CONTENT = 6_000_000;

/** A partition moved to the archive before it was read: its events must be read from there. */
export class PartitionMoved extends Error {}

/** The main lanes or the late lanes of a database, as one sequence of events. */
export interface EventSource {
  database: Database;
  kind: "main" | "late";
  /** True if the reading must end with PartitionMoved once a partition of the range has moved to the archive. */
  isHotOnly: boolean;
}

/** The main and the late lanes of every database. Late lanes are separate sources, because they cover the same time. */
export function sourcesOf(databases: readonly Database[], isHotOnly: boolean): EventSource[] {
  return databases.flatMap((database) => (["main", "late"] as const).map((kind) => ({ database, kind, isHotOnly })));
}

/**
 * The events of a source in ascending order, one read at a time, with at most one read ahead of the consumer.
 * Partitions may be sealed or created meanwhile: each read uses the current map.
 *
 * @param databases all databases; the first has the partition map
 * @throws DrizzleQueryError, and PartitionMoved
 */
export async function* readSource(
  databases: readonly Database[],
  source: EventSource,
  range: EventRange,
): AsyncGenerator<ScannedEvent[]> {
  let next = readPart(databases, source, range, FIRST_ROWS);
  // If the consumer stops early, a running read is abandoned and its failure ignored.
  next.catch(() => undefined);
  for (;;) {
    const { rows, after } = await next;
    if (after !== null) {
      next = readPart(databases, source, { ...range, after }, rowsLike(rows));
      next.catch(() => undefined);
    }
    if (rows.length > 0) yield rows;
    if (after === null) return;
  }
}

/** The number of rows like these that hold the wanted amount of contents. */
function rowsLike(rows: readonly ScannedEvent[]): number {
  const content = rows.reduce((sum, { size }) => sum + size, 0);
  const mean = content / Math.max(1, rows.length);
  return Math.max(FIRST_ROWS, Math.min(MAX_ROWS, Math.floor(WANTED_CONTENT / Math.max(1, mean))));
}

interface Part {
  rows: ScannedEvent[];
  /** Where the next read starts; null at the end of the range. */
  after: EventKey | null;
}

function readPart(databases: readonly Database[], source: EventSource, range: EventRange, rows: number): Promise<Part> {
  return withPartitions(databases, async (map) => {
    if (source.isHotOnly && coldPartitions(map, range).length > 0) throw new PartitionMoved();
    for (const { chain, end } of chainsOfSource(map, source, range)) {
      const found = await readChain(chain, range, rows, Math.floor(MAX_CONTENT / rows));
      if (found.length === rows) return { rows: found, after: lastKey(found) };
      if (found.length > 0) return { rows: found, after: end };
    }
    return { rows: [], after: null };
  });
}

/** The remaining chains, each with the place after its last partition; null if no partition follows. */
function* chainsOfSource(
  map: PartitionMap,
  { database, kind }: EventSource,
  range: EventRange,
): Generator<{ chain: Chain; end: EventKey | null }> {
  const partitions = partitionsLeft(map, range);
  const chains = chainsOf([database], partitions).filter(({ lanes }) =>
    lanes.some((lane) => isLate(lane) === (kind === "late")),
  );
  for (const chain of chains) {
    const last = chain.lanes.at(-1)?.partition;
    yield { chain, end: last === undefined ? null : placeBehind(last, partitions) };
  }
}

function placeBehind(partition: Partition, partitions: readonly Partition[]): EventKey | null {
  return partitions.some(({ from }) => from >= partition.to) ? startOf(partition.to) : null;
}

function lastKey(rows: readonly ScannedEvent[]): EventKey | null {
  return rows.at(-1)?.key ?? null;
}
