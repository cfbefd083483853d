import { tieOf } from "../../model/event/event-key";
import { payloadPasses } from "../../model/questions/payload-filter";
import type { PropertyFilter } from "../../model/questions/stats-dimension";
import type { Micros } from "../../model/time/time";
import { packId } from "../core/packed-id";
import { boundsOf, compareEventKeys, type EventKey, type EventRange, startOf } from "../scan/event-order";
import type { PartialPage } from "../scan/partial-page";
import type { ArchiveBucket } from "./archive-bucket";
import type { FileFooter, FileGroup, GroupColumns, ReadBudget } from "./file/file-reader";
import { type ColdFiles, type FileRow, scanFiles } from "./scan-files";

/** Which archived events are wanted. Filters combine; null matches any. */
export interface ColdFilter {
  session: string | null;
  applications: readonly string[] | null;
  category: string | null;
  name: string | null;
  /** Only events that have this visitor id. */
  visitor?: string | null;
  /** Only events whose payloads pass all of these. */
  properties?: readonly PropertyFilter[];
  /** Only events of these sessions. */
  sessions?: ReadonlySet<string> | null;
  /** Only events received up to this time. */
  receivedUntil: Micros | null;
}

/** Every archived event. */
export const ANY_ARCHIVED: ColdFilter = {
  ...{ session: null, sessions: null, applications: null, category: null, name: null },
  ...{ visitor: null, properties: [], receivedUntil: null },
};

/** An event of a row group that has been read. Its contents are not decoded yet. */
export type ColdRow = FileRow<EventKey>;

export interface ColdQuestion {
  range: EventRange;
  limit: number;
  filter: ColdFilter;
}

/**
 * Reads the next events of the archive in the order of a scan: see `scanFiles`.
 *
 * @throws what R2 throws, and ArchiveFileGone
 */
export function scanCold(
  bucket: ArchiveBucket,
  files: ColdFiles,
  { range, limit, filter }: ColdQuestion,
  budget: ReadBudget,
): Promise<PartialPage<ColdRow, EventKey>> {
  const bounds = boundsOf(range);
  const scan = {
    ...{ order: range.order, after: range.after, bounds, limit, compare: compareEventKeys, startOf },
    time: "occurred_at",
    isScattered: filter.session !== null,
    mayHold: (footer: FileFooter, group: FileGroup) => mayHold(footer, group, filter),
    matching: (columns: GroupColumns) => matchingRows(columns, filter, bounds),
    keysOf,
  } as const;
  return scanFiles(bucket, files, scan, budget);
}

/** Whether a row group may hold matching events, by the event types that the footer lists. */
export function mayHold(
  { types }: FileFooter,
  { number }: FileGroup,
  { applications, category, name }: ColdFilter,
): boolean {
  if (types === null) return true;
  return types.some(
    (type) =>
      number >= type.first &&
      number <= type.last &&
      (applications?.includes(type.application) ?? true) &&
      (category ?? type.category) === type.category &&
      (name ?? type.name) === type.name,
  );
}

export async function keysOf(columns: GroupColumns): Promise<(row: number) => EventKey> {
  const [occurredAt, receivedAt, session, id] = await Promise.all([
    columns.numbers("occurred_at"),
    columns.numbers("received_at"),
    columns.texts("session_id"),
    columns.texts("id"),
  ]);
  return (row) => {
    const moment = occurredAt(row);
    return new ArchivedKey(moment, receivedAt(row) - moment, session(row), id(row));
  };
}

/**
 * The key of an archived event. Its session and its tie are computed when they are needed: for events with the same two
 * times, and for cursors. The tie is a hash, which would take a fifth of the time of an export.
 */
class ArchivedKey implements EventKey {
  private hash: number | null = null;

  constructor(
    readonly occurredAt: Micros,
    readonly receivedAfter: number,
    private readonly sessionId: string,
    private readonly id: string,
  ) {}

  get session(): string {
    return packId(this.sessionId);
  }

  get tie(): number {
    this.hash ??= tieOf(this.id);
    return this.hash;
  }
}

/** The rows of a row group within a time range that match the filter. Decodes only the columns that the filter needs. */
export async function matchingRows(
  columns: GroupColumns,
  filter: ColdFilter,
  { low, high }: { low: Micros; high: Micros },
): Promise<number[]> {
  const tests: ((row: number) => boolean)[] = [];
  const texts = [
    ["session_id", filter.session],
    ["category", filter.category],
    ["name", filter.name],
  ] as const;
  for (const [column, wanted] of texts) {
    if (wanted === null) continue;
    const valueAt = await columns.texts(column);
    tests.push((row) => valueAt(row) === wanted);
  }
  const { applications, receivedUntil, sessions = null, visitor = null, properties = [] } = filter;
  if (sessions !== null) {
    const sessionAt = await columns.texts("session_id");
    tests.push((row) => sessions.has(sessionAt(row)));
  }
  if (visitor !== null) {
    const visitorAt = await columns.optionalTexts("visitor_id");
    tests.push((row) => visitorAt(row) === visitor);
  }
  if (applications !== null) {
    const applicationAt = await columns.texts("application");
    tests.push((row) => applications.includes(applicationAt(row)));
  }
  if (receivedUntil !== null) {
    const receivedAt = await columns.numbers("received_at");
    tests.push((row) => receivedAt(row) <= receivedUntil);
  }
  // Last, because a payload is parsed.
  if (properties.length > 0) {
    const dataAt = await columns.texts("data");
    tests.push((row) => payloadPasses(JSON.parse(dataAt(row)), properties));
  }
  const occurredAt = await columns.numbers("occurred_at");
  const rows: number[] = [];
  for (let row = 0; row < columns.group.rows; row++) {
    const moment = occurredAt(row);
    if (moment >= low && moment <= high && tests.every((test) => test(row))) rows.push(row);
  }
  return rows;
}
