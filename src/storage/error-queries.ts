import { and, inArray, type SQL, type SQLWrapper, sql } from "drizzle-orm";
import { MAX_PART_CHARACTERS } from "../model/limits";
import type { ReplayFilter } from "../model/replay";
import type { Micros } from "../model/time";
import type { Database } from "./databases";
import { hasCode } from "./error-codes";
import { type ErrorContent, loadErrorContents } from "./error-contents";
import type { Order } from "./order";
import { MAX_CONTENT_WITH_ROW, MAX_PAGE_CONTENT, MAX_ROWS_EXAMINED } from "./read-limits";
import { type Reader, readerOf } from "./reader";
import { cutByBytes, inDirection, mergeStretches, type Page, type Stretch, stretchOf } from "./stretch";
import { errors } from "./tables";

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
  codes: errors.codes,
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
  const [driver, ...leftOver] = filtersOf(question);
  const where = and(driver?.(scannedColumns), ...withinReceipt(question));
  const direction = question.order === "asc" ? sql`ASC` : sql`DESC`;
  const orderBy = [sql`${errors.receivedAt} ${direction}`, sql`${errors.id} ${direction}`];
  const wanted = question.limit + 1;
  const walk = () =>
    reader
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
  const rows = await reader
    .select()
    .from(walked)
    .where(and(...leftOver.map((filter) => filter(walked))))
    .limit(wanted);
  const stretch = stretchOf<ScannedError, ErrorKey>(rows.map(toScanned), question.limit);
  if (stretch.until !== null) return stretch;
  const [reached] = await reader
    .select({ receivedAt: errors.receivedAt, id: errors.id })
    .from(errors)
    .where(where)
    .orderBy(...orderBy)
    .limit(1)
    .offset(MAX_ROWS_EXAMINED - 1);
  return { rows: stretch.rows, until: reached ?? null };
}

/** The columns that filters look at: those of the table, or of a walk through it. */
type Filterable = Record<"session" | "codes" | "name" | "category" | "application" | "resolvedAt", SQLWrapper>;

type Filter = (columns: Filterable) => SQL;

/** The filters that are asked for, from the one that leaves fewest rows, as a rule, to the one that leaves most. */
function filtersOf({ session, code, name, category, application, status }: ErrorQuestion): Filter[] {
  const equals = (column: keyof Filterable, value: string | null): Filter[] =>
    value === null ? [] : [(columns) => sql`${columns[column]} = ${value}`];
  return [
    ...equals("session", session),
    ...(code === null ? [] : [({ codes }: Filterable) => hasCode(codes, code)]),
    ...equals("name", name),
    ...equals("category", category),
    ...equals("application", application),
    ...(status === null ? [] : [({ resolvedAt }: Filterable) => isOfStatus(status, resolvedAt)]),
  ];
}

function isOfStatus(status: ErrorStatus, resolvedAt: SQLWrapper): SQL {
  return status === "open" ? sql`${resolvedAt} IS NULL` : sql`${resolvedAt} IS NOT NULL`;
}

/** As `withinRange` does for events: at the end where the walk goes on there is one bound only. */
function withinReceipt({ from, to, order, after }: ErrorQuestion): SQL[] {
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

type ScannedRow = Omit<ScannedError, "key"> & ErrorKey & { codes: number };

function toScanned({ receivedAt, id, codes: _, ...rest }: ScannedRow): ScannedError {
  return { key: { receivedAt, id }, ...rest };
}
