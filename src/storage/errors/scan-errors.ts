import { and, type SQL, type SQLWrapper, sql } from "drizzle-orm";
import type { ReplayFilter } from "../../model/replay";
import type { Micros } from "../../model/time/time";
import { codeIndex, hasCode } from "../core/error-codes";
import { MAX_CONTENT_WITH_ROW, MAX_ROWS_EXAMINED } from "../core/read-limits";
import type { Reader } from "../core/reader";
import { errors } from "../core/tables";
import type { Order } from "../scan/event-order";
import { type PartialPage, partialPageOf } from "../scan/partial-page";
import type { ErrorContent } from "./error-contents";
import type { ErrorKey } from "./error-key";

export const ERROR_STATUSES = ["open", "resolved"] as const;

/** `resolved` means that a replay turned it into an event. */
export type ErrorStatus = (typeof ERROR_STATUSES)[number];

/** Which errors to list. Filters combine; null matches any. */
export interface ErrorQuestion extends Omit<ReplayFilter, "application"> {
  /** Any of these applications; null for all errors, including those that name no application. */
  applications: readonly string[] | null;
  status: ErrorStatus | null;
  order: Order;
  limit: number;
  after: ErrorKey | null;
}

export interface FoundError {
  key: ErrorKey;
  application: string | null;
  session: string | null;
  category: string | null;
  name: string | null;
  eventId: string | null;
  /** JSON: [{code, path, message}]. */
  issues: string;
  content: ErrorContent;
  /** When a replay turned it into an event; null while it is open. */
  resolvedAt: Micros | null;
  /** The identity of the event that it became. */
  resolvedSession: string | null;
  resolvedEventId: string | null;
  resolvedOccurredAt: Micros | null;
  /** When a replay last validated it. */
  replayedAt: Micros | null;
  replayId: string | null;
}

/** An error as a scan reads it, without its content if that is long. */
export interface ScannedError extends Omit<FoundError, "content"> {
  parts: number;
  /** The number of characters of the content, if it is not in chunks. */
  size: number;
  content: string | null;
}

export const scannedColumns = {
  receivedAt: errors.receivedAt,
  id: errors.id,
  application: errors.application,
  session: errors.sessionId,
  category: errors.category,
  name: errors.name,
  eventId: errors.eventId,
  issues: errors.issues,
  parts: errors.parts,
  resolvedAt: errors.resolvedAt,
  resolvedSession: errors.resolvedSession,
  resolvedEventId: errors.resolvedEventId,
  resolvedOccurredAt: errors.resolvedOccurredAt,
  replayedAt: errors.replayedAt,
  replayId: errors.replayId,
  size: sql<number>`coalesce(length(${errors.content}), 0)`,
  content: sql<string | null>`iif(length(${errors.content}) <= ${sql.raw(String(MAX_CONTENT_WITH_ROW))},
    ${errors.content}, NULL)`,
};

/** Written as SQL, because Drizzle's queries cannot name an index. */
export const scanned = sql.join(
  Object.entries(scannedColumns).map(([name, column]) => sql`${column} AS ${sql.identifier(name)}`),
  sql`, `,
);

export interface ErrorScan extends Omit<ErrorQuestion, "applications"> {
  application: string | null;
}

export async function scanErrors(reader: Reader, question: ErrorScan): Promise<PartialPage<ScannedError, ErrorKey>> {
  const [driver, other, ...more] = filtersOf(question);
  const where = and(driver?.condition, ...withinReceipt(question));
  const direction = question.order === "asc" ? sql`ASC` : sql`DESC`;
  const scan = sql`${through(driver)} ${where === undefined ? sql`` : sql`WHERE ${where}`}
    ORDER BY ${errors.receivedAt} ${direction}, ${errors.id} ${direction}`;
  const wanted = question.limit + 1;
  if (other === undefined) {
    const rows = await reader.all<ScannedRow>(sql`SELECT ${scanned} FROM ${scan} LIMIT ${wanted}`);
    return partialPageOf(rows.map(toScanned), question.limit);
  }
  // SQLite runs a subquery with a LIMIT as written, entry by entry in its order. Each entry is looked up in the
  // other filter's index; an entry that is not there costs no row. CROSS prevents SQLite from starting with that
  // index.
  const rows = await reader.all<ScannedRow>(sql`
    SELECT ${scanned} FROM (SELECT received_at, id FROM ${scan} LIMIT ${MAX_ROWS_EXAMINED}) AS scanned
    CROSS JOIN ${through(other)} ON ${errors.receivedAt} = scanned.received_at AND ${errors.id} = scanned.id
    WHERE ${and(other.condition, ...more.map(({ condition }) => condition))} LIMIT ${wanted}`);
  const partialPage = partialPageOf<ScannedError, ErrorKey>(rows.map(toScanned), question.limit);
  if (partialPage.until !== null) return partialPage;
  const [reached] = await reader.all<ErrorKey>(sql`
    SELECT received_at AS "receivedAt", id FROM ${scan} LIMIT 1 OFFSET ${MAX_ROWS_EXAMINED - 1}`);
  return { rows: partialPage.rows, until: reached ?? null };
}

interface Filter {
  /** Its index holds the matching errors in the order of receipt, with their keys, so a scan looks no error up. */
  index: string;
  condition: SQL;
}

/** The errors through a filter's index, regardless of what SQLite would choose. */
function through(filter: Filter | undefined): SQL {
  return filter === undefined ? sql`${errors}` : sql`${errors} INDEXED BY ${sql.identifier(filter.index)}`;
}

/** The given filters, from the one that usually leaves the fewest rows to the one that leaves the most. */
function filtersOf({ session, code, name, category, application, status }: ErrorScan): Filter[] {
  const equals = (index: string, column: SQLWrapper, value: string | null): Filter[] =>
    value === null ? [] : [{ index, condition: sql`${column} = ${value}` }];
  return [
    ...equals("errors_by_session", errors.sessionId, session),
    ...(code === null ? [] : [{ index: codeIndex(code), condition: hasCode(errors.codes, code) }]),
    ...equals("errors_by_name", errors.name, name),
    ...equals("errors_by_category", errors.category, category),
    ...equals("errors_by_application", errors.application, application),
    ...(status === null ? [] : [STATUS_FILTERS[status]]),
  ];
}

const STATUS_FILTERS: Record<ErrorStatus, Filter> = {
  open: { index: "errors_open", condition: sql`${errors.resolvedAt} IS NULL` },
  resolved: { index: "errors_resolved", condition: sql`${errors.resolvedAt} IS NOT NULL` },
};

/** Like `withinRange` for events: at the end where the scan continues there is only one bound. */
function withinReceipt({ from, to, order, after }: ErrorScan): SQL[] {
  const conditions: SQL[] = [];
  const goesOnFromLow = order === "asc" && after !== null && (from === null || after.receivedAt >= from);
  const goesOnFromHigh = order === "desc" && after !== null && (to === null || after.receivedAt <= to);
  if (from !== null && !goesOnFromLow) conditions.push(sql`${errors.receivedAt} >= ${from}`);
  if (to !== null && !goesOnFromHigh) conditions.push(sql`${errors.receivedAt} <= ${to}`);
  if (after !== null && (goesOnFromLow || goesOnFromHigh)) {
    const comparison = order === "asc" ? sql`>` : sql`<`;
    conditions.push(sql`(${errors.receivedAt}, ${errors.id}) ${comparison} (${after.receivedAt}, ${after.id})`);
  }
  return conditions;
}

type ScannedRow = Omit<ScannedError, "key"> & ErrorKey;

export function toScanned({ receivedAt, id, ...rest }: ScannedRow): ScannedError {
  return { key: { receivedAt, id }, ...rest };
}
