import type { ArchiveBucket } from "../archive/archive-bucket";
import type { ColdEvent } from "../archive/cold-events";
import type { ReadBudget } from "../archive/file/file-reader";
import type { Database } from "../core/databases";
import { MAX_PAGE_CONTENT } from "../core/read-limits";
import { withPartitions } from "../partitions/known-partitions";
import { compareEventKeys, type EventKey } from "../scan/event-order";
import { cutByBytes, inDirection, mergePartialPages, type Page } from "../scan/partial-page";
import { coldPart } from "./archived-page";
import { type EventQuestion, scanFiltered } from "./filtered-scan";
import { type FoundEvent, withNames } from "./named-events";
import type { ScannedEvent } from "./scan-statements";

/**
 * One page of the events of all partitions and databases, in the order of (timestamp, receipt, session, tie).
 *
 * - By session: one seek for each slot of the windows in which it has events. Category, name and application are
 *   checked afterwards: see session-events-scan.ts.
 * - By time: the slots from the cursor on.
 * - By category: see category-scan.ts. By name or application: see minute-bucket-scan.ts.
 *
 * A page ends early if its contents pass MAX_PAGE_CONTENT.
 *
 * @param budget the reads of R2, if several pages share them
 * @throws DrizzleQueryError
 */
export function findEvents(
  databases: Database[],
  question: EventQuestion,
  archive: ArchiveBucket | null = null,
  budget?: ReadBudget,
): Promise<EventPage> {
  return withPartitions(databases, async (map) => {
    const { range, limit } = question;
    const compare = inDirection(compareEventKeys, range.order);
    const hot = await scanFiltered(databases, map, question);
    const cold = archive === null ? null : await coldPart({ bucket: archive, databases }, map, question, hot, budget);
    const whole: Page<ScannedEvent | ColdEvent, EventKey> =
      cold === null
        ? hot
        : mergePartialPages<ScannedEvent | ColdEvent, EventKey>(
            [{ rows: cold.late, until: hot.next }, cold],
            compare,
            limit,
          );
    const page = cutByBytes(whole, ({ size }) => size, MAX_PAGE_CONTENT);
    const [scanned, archived] = [page.rows.filter(isScanned), page.rows.filter(isCold)];
    const rows = [...(await withNames(scanned)), ...archived.map(fromArchive)];
    return {
      rows: rows.sort((a, b) => compare(a.key, b.key)),
      next: page.next,
      fromArchive: archived.length > 0,
    };
  });
}

/** A page, and whether the archive provided part of it. */
export interface EventPage extends Page<FoundEvent, EventKey> {
  fromArchive: boolean;
}

function isCold(event: ScannedEvent | ColdEvent): event is ColdEvent {
  return "archived" in event;
}

function isScanned(event: ScannedEvent | ColdEvent): event is ScannedEvent {
  return !isCold(event);
}

function fromArchive({ key, archived }: ColdEvent): FoundEvent {
  const { session, application, category, name, occurredAt, receivedAt, id, data, context, extra, visitor } = archived;
  return { key, session, application, category, name, occurredAt, receivedAt, id, data, context, extra, visitor };
}
