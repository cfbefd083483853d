import { and, eq, type SQL, sql } from "drizzle-orm";
import type { EventCode } from "../model/codes";
import { MAX_PART_CHARACTERS } from "../model/limits";
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

/** Which errors to list. Filters combine; null: any. */
export interface ErrorQuestion {
  code: EventCode | null;
  session: string | null;
  category: string | null;
  name: string | null;
  application: string | null;
  /** Of receipt, both inclusive. */
  from: Micros | null;
  to: Micros | null;
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
 * session, code, name, category, application); the others are left over, and a page then looks at MAX_ROWS_EXAMINED
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
  const rows = page.rows.map(({ reader: _, parts, size: __, ...row }) => ({
    ...row,
    content: all.get(row.key) ?? { kind: "incomplete" as const, arrived: 0, of: parts },
  }));
  return { rows, next: page.next };
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
const FILTERS = ["session", "code", "name", "category", "application"] as const;

type Filter = (typeof FILTERS)[number];

function planFilters(question: ErrorQuestion): { driver: Filter | null; leftOver: Filter[] } {
  const [driver = null, ...leftOver] = FILTERS.filter((filter) => question[filter] !== null);
  return { driver, leftOver };
}

function driverCondition(question: ErrorQuestion, driver: Filter | null): SQL[] {
  if (driver === null) return [];
  const columns = {
    session: errors.sessionId,
    code: errorCodes.code,
    name: errors.name,
    category: errors.category,
    application: errors.application,
  };
  return [sql`${columns[driver]} = ${question[driver]}`];
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
