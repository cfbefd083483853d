import { orQueryError } from "../core/reader";
import type { Partition } from "../partitions/partition";
import type { EventKey, EventRange } from "../scan/event-order";
import type { PartialPage } from "../scan/partial-page";
import { type ColdFilter, type ColdRow, scanCold } from "./cold-scan";
import type { ArchivedEvent } from "./file/archived-rows";
import { type GroupColumns, ReadBudget } from "./file/file-reader";
import type { Archive } from "./find-archived";
import { eventsAt } from "./read-events";
import type { ColdFiles } from "./scan-files";

/** The reads of R2 that one page may cost. */
export const MAX_COLD_READS = 38;

/** An event that was read from the archive. */
export interface ColdEvent {
  key: EventKey;
  /** The number of characters of its contents. */
  size: number;
  archived: ArchivedEvent;
}

/** The archived events that a page asks for. */
export interface ColdPageQuestion {
  partitions: readonly Partition[];
  range: EventRange;
  limit: number;
  filter: ColdFilter;
  files: () => Promise<ColdFiles>;
}

/**
 * The archive's part of a page: its next events in the order of the scan, complete. Call it after the databases were
 * read, so that rows that leave a late lane meanwhile are found in the archive.
 *
 * @throws DrizzleQueryError, also if R2 cannot be read
 */
export async function readColdPage(
  { bucket }: Archive,
  { range, limit, filter, files }: ColdPageQuestion,
  budget: ReadBudget = new ReadBudget(MAX_COLD_READS),
): Promise<PartialPage<ColdEvent, EventKey>> {
  return orQueryError(
    (async () => {
      const { rows, until } = await scanCold(bucket, await files(), { range, limit, filter }, budget);
      return { rows: await wholeEvents(rows), until };
    })(),
    "the archive",
  );
}

/**
 * The keys of the archive's next matching events, for a list of sessions. See `readColdPage`.
 *
 * @throws DrizzleQueryError, also if R2 cannot be read
 */
export async function readColdKeys(
  { bucket }: Archive,
  { range, limit, filter, files }: Omit<ColdPageQuestion, "partitions">,
  budget: ReadBudget = new ReadBudget(MAX_COLD_READS),
): Promise<PartialPage<{ key: EventKey }, EventKey>> {
  return orQueryError((async () => scanCold(bucket, await files(), { range, limit, filter }, budget))(), "the archive");
}

async function wholeEvents(rows: readonly ColdRow[]): Promise<ColdEvent[]> {
  const byGroup = new Map<GroupColumns, ColdRow[]>(Map.groupBy(rows, ({ columns }) => columns));
  const events = new Map<ColdRow, ColdEvent>();
  for (const [columns, own] of byGroup) {
    const found = await eventsAt(
      columns,
      own.map(({ row }) => row),
    );
    for (const [place, archived] of found.entries()) {
      const row = own[place];
      if (row !== undefined) events.set(row, { key: row.key, size: sizeOf(archived), archived });
    }
  }
  return rows.flatMap((row) => events.get(row) ?? []);
}

function sizeOf({ data, context, extra }: ArchivedEvent): number {
  return data.length + (context?.length ?? 0) + (extra?.length ?? 0);
}
