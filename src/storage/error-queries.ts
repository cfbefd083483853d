import { and, eq, inArray, type SQL, type SQLWrapper, sql } from "drizzle-orm";
import { MAX_PART_CHARACTERS } from "../model/limits";
import type { ReplayFilter } from "../model/replay";
import type { Micros } from "../model/time";
import type { Database } from "./databases";
import { type ErrorContent, loadErrorContents } from "./error-contents";
import type { Order } from "./order";
import { MAX_CONTENT_WITH_ROW, MAX_PAGE_CONTENT, MAX_ROWS_EXAMINED } from "./read-limits";
import { type Reader, readerOf } from "./reader";
import { cutByBytes, inDirection, mergeStretches, type Page, type Stretch, stretchOf } from "./stretch";
import { errorCodes, errors } from "./tables";

/** An error's place in the order of receipt. */
export interface ErrorKey {
  receivedAt: Micros;
  id: string;
}

/** Compares as the primary key of `errors` does. Ids of errors are ASCII. */
export function compareErrorKeys(a: ErrorKey, b: ErrorKey): number {
  return a.receivedAt - b.receivedAt || (a.id === b.id ? 0 : a.id < b.id ? -1 : 1);
}

export const ERROR_STATUSES = ["open", "resolved"] as const;

/** `resolved`: a replay made an event of it. */
export type ErrorStatus = (typeof ERROR_STATUSES)[number];

/** Which errors to list. Filters combine; null: any. */
export interface ErrorQuestion extends ReplayFilter {
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
  /** When a replay made an event of it; null: it is open. */
  resolvedAt: Micros | null;
  /** The event that it became. */
  resolvedSession: string | null;
  resolvedSequence: number | null;
  /** When a replay judged it last. */
  replayedAt: Micros | null;
  replayId: string | null;
}

/** An error as it is read: its content left behind where it is long. */
export interface ScannedError extends Omit<FoundError, "content"> {
  parts: number;
  /** Characters of the content, where it is one piece. */
  size: number;
  content: string | null;
}

/**
 * One page of the errors of all databases, by receipt. One filter is answered from its index (the first there is of
 * session, code, name, category, application, status); the others are left over, and a page then looks at MAX_ROWS_EXAMINED
 * errors at most. A page ends early when its contents pass MAX_PAGE_CONTENT.
 *
 * @throws what D1 throws
 */
export async function findErrors(databases: Database[], question: ErrorQuestion): Promise<Page<FoundError, ErrorKey>> {
  const readers = databases.map(readerOf);
  const stretches = await Promise.all(
    readers.map(async (reader) => {
      const { rows, until } = await scanErrors(reader, question);
      return { rows: rows.map((row) => ({ ...row, reader })), until };
    }),
  );
  const direction = inDirection(compareErrorKeys, question.order);
  const sizeOf = (row: ScannedError) => (row.parts > 0 ? row.parts * MAX_PART_CHARACTERS : row.size);
  const page = cutByBytes(mergeStretches(stretches, direction, question.limit), sizeOf, MAX_PAGE_CONTENT);
  const contents = await Promise.all(
    readers.map((reader) =>
      loadErrorContents(
        reader,
        page.rows.filter((row) => row.reader === reader),
      ),
    ),
  );
  const all = new Map(contents.flatMap((entries) => [...entries]));
  return { rows: page.rows.map(({ reader: _, ...row }) => withContent(row, all)), next: page.next };
}

/** An error of these ids, whatever database holds it, with that database's index. */
export interface LocatedError extends FoundError {
  database: number;
}

/**
 * The errors of the given ids in the order of receipt, each by one look-up in each database. All their contents are read:
 * ask for few.
 *
 * @throws what D1 throws
 */
export async function findErrorsById(databases: Database[], ids: string[]): Promise<LocatedError[]> {
  const found = await Promise.all(
    databases.map(async (database) => {
      const reader = readerOf(database);
      const asked = sql`(SELECT value FROM json_each(${JSON.stringify(ids)}))`;
      const rows = await reader.select(scannedColumns).from(errors).where(inArray(errors.id, asked));
      const scanned = rows.map(toScanned);
      const contents = await loadErrorContents(reader, scanned);
      return scanned.map((row) => ({ ...withContent(row, contents), database: database.index }));
    }),
  );
  return found.flat().sort((a, b) => compareErrorKeys(a.key, b.key));
}

function withContent({ parts, size: _, ...row }: ScannedError, contents: Map<ErrorKey, ErrorContent>): FoundError {
  return { ...row, content: contents.get(row.key) ?? { kind: "incomplete", arrived: 0, of: parts } };
}

const scannedColumns = {
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
  resolvedSequence: errors.resolvedSequence,
  replayedAt: errors.replayedAt,
  replayId: errors.replayId,
  size: sql<number>`coalesce(length(${errors.content}), 0)`.as("size"),
  content: sql<string | null>`iif(length(${errors.content}) <= ${sql.raw(String(MAX_CONTENT_WITH_ROW))},
    ${errors.content}, NULL)`.as("short_content"),
};

async function scanErrors(reader: Reader, question: ErrorQuestion): Promise<Stretch<ScannedError, ErrorKey>> {
  const { driver, leftOver } = planFilters(question);
  // With a code, the walk goes through error_codes, which has the same key.
  const keys = driver === "code" ? errorCodes : errors;
  const where = and(...driverCondition(question, driver), ...withinReceipt(question, keys));
  const direction = question.order === "asc" ? sql`ASC` : sql`DESC`;
  const orderBy = [sql`${keys.receivedAt} ${direction}`, sql`${keys.id} ${direction}`];
  const wanted = question.limit + 1;
  const joined = and(eq(errors.receivedAt, errorCodes.receivedAt), eq(errors.id, errorCodes.id));
  const walk = () =>
    driver === "code"
      ? reader
          .select(scannedColumns)
          .from(errorCodes)
          .innerJoin(errors, joined)
          .where(where)
          .orderBy(...orderBy)
      : reader
          .select(scannedColumns)
          .from(errors)
          .where(where)
          .orderBy(...orderBy);

  if (leftOver.length === 0) {
    const rows = await walk().limit(wanted);
    return stretchOf(rows.map(toScanned), question.limit);
  }
  // A subquery with a LIMIT is run as it stands, row by row and in its order: the outer query filters what comes.
  const walked = walk().limit(MAX_ROWS_EXAMINED).as("walked");
  const filters = leftOver.map((filter): SQL => {
    if (filter === "status") return isOfStatus(question.status, walked.resolvedAt);
    if (filter !== "code") return eq(walked[filter], question[filter] ?? "");
    return sql`EXISTS (SELECT 1 FROM ${errorCodes} AS coded WHERE coded.code = ${question.code}
      AND coded.received_at = ${walked.receivedAt} AND coded.id = ${walked.id})`;
  });
  const rows = await reader
    .select()
    .from(walked)
    .where(and(...filters))
    .limit(wanted);
  const stretch = stretchOf<ScannedError, ErrorKey>(rows.map(toScanned), question.limit);
  if (stretch.until !== null) return stretch;
  const [reached] = await reader
    .select({ receivedAt: keys.receivedAt, id: keys.id })
    .from(keys)
    .where(where)
    .orderBy(...orderBy)
    .limit(1)
    .offset(MAX_ROWS_EXAMINED - 1);
  return { rows: stretch.rows, until: reached ?? null };
}

/** From the filter that leaves fewest rows, as a rule, to the one that leaves most. */
const FILTERS = ["session", "code", "name", "category", "application", "status"] as const;

type Filter = (typeof FILTERS)[number];

function planFilters(question: ErrorQuestion): { driver: Filter | null; leftOver: Filter[] } {
  const [driver = null, ...leftOver] = FILTERS.filter((filter) => question[filter] !== null);
  return { driver, leftOver };
}

function driverCondition(question: ErrorQuestion, driver: Filter | null): SQL[] {
  if (driver === null) return [];
  if (driver === "status") return [isOfStatus(question.status, errors.resolvedAt)];
  const columns = {
    session: errors.sessionId,
    code: errorCodes.code,
    name: errors.name,
    category: errors.category,
    application: errors.application,
  };
  return [sql`${columns[driver]} = ${question[driver]}`];
}

function isOfStatus(status: ErrorStatus | null, resolvedAt: SQLWrapper): SQL {
  return status === "open" ? sql`${resolvedAt} IS NULL` : sql`${resolvedAt} IS NOT NULL`;
}

/** As `withinRange` does for events: at the end where the walk goes on there is one bound only. */
function withinReceipt({ from, to, order, after }: ErrorQuestion, keys: typeof errors | typeof errorCodes): SQL[] {
  const conditions: SQL[] = [];
  const goesOnFromLow = order === "asc" && after !== null && (from === null || after.receivedAt >= from);
  const goesOnFromHigh = order === "desc" && after !== null && (to === null || after.receivedAt <= to);
  if (from !== null && !goesOnFromLow) conditions.push(sql`${keys.receivedAt} >= ${from}`);
  if (to !== null && !goesOnFromHigh) conditions.push(sql`${keys.receivedAt} <= ${to}`);
  if (after !== null && (goesOnFromLow || goesOnFromHigh)) {
    const comparison = order === "asc" ? sql`>` : sql`<`;
    conditions.push(sql`(${keys.receivedAt}, ${keys.id}) ${comparison} (${after.receivedAt}, ${after.id})`);
  }
  return conditions;
}

type ScannedRow = Omit<ScannedError, "key"> & ErrorKey;

function toScanned({ receivedAt, id, ...rest }: ScannedRow): ScannedError {
  return { key: { receivedAt, id }, ...rest };
}
