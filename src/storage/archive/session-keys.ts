import { hourOf } from "../../model/time/units";
import { orQueryError } from "../core/reader";
import { databaseOf, type Partition } from "../partitions/partition";
import type { Bounds, EventKey } from "../scan/event-order";
import { type ColdFilter, keysOf, matchingRows, mayHold } from "./cold-scan";
import type { ReadBudget } from "./file/file-reader";
import { type Archive, filesHolding, groupsHolding } from "./find-archived";

/** A list of sessions would need more reads of R2 than it may make. */
export class TooManyColdReads extends Error {}

export interface SessionKeysQuestion {
  partitions: readonly Partition[];
  sessions: readonly string[];
  /** Both inclusive. */
  bounds: Bounds;
  filter: ColdFilter;
}

/**
 * The archived events of some sessions that match a filter, unordered. The session index names their files and row
 * groups, and each row group is read once for all sessions.
 *
 * @throws TooManyColdReads, and DrizzleQueryError, also if R2 cannot be read
 */
export function archivedKeysOf(
  archive: Archive,
  question: SessionKeysQuestion,
  budget: ReadBudget,
): Promise<EventKey[]> {
  return find(archive, question, budget).catch((thrown: unknown) => {
    if (thrown instanceof TooManyColdReads) throw thrown;
    return orQueryError(Promise.reject(thrown), "the archive");
  });
}

async function find(
  archive: Archive,
  { partitions, sessions, bounds: { low, high }, filter }: SessionKeysQuestion,
  budget: ReadBudget,
): Promise<EventKey[]> {
  const found: EventKey[] = [];
  const ids = new Set(partitions.map(({ id }) => id));
  const first = Math.max(low, Math.min(...partitions.map(({ from }) => from)));
  const last = Math.min(high, Math.max(...partitions.map(({ to }) => to)) - 1);
  for (const database of archive.databases) {
    const own = sessions.filter((session) =>
      partitions.some((partition) => databaseOf(partition, session) === database.index),
    );
    const holding = await filesHolding(archive, database, own, { first: hourOf(first), last: hourOf(last) });
    const wanted = { ...filter, sessions: new Set(own) };
    const read = groupsHolding(
      archive.bucket,
      holding.filter(({ file }) => ids.has(file.partition)),
      { low, high },
      budget,
      { mayHold: (footer, group) => mayHold(footer, group, filter), beforeRead: () => spend(budget) },
    );
    for await (const { columns } of read) {
      const rows = await matchingRows(columns, wanted, { low, high });
      const keyOf = await keysOf(columns);
      for (const row of rows) found.push(keyOf(row));
    }
  }
  return found;
}

function spend({ left, most }: ReadBudget): void {
  if (left <= 0) throw new TooManyColdReads(`more than ${most} reads of the archive`);
}
