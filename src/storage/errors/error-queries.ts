import { inArray, type SQL, sql } from "drizzle-orm";
import { MAX_PART_CHARACTERS } from "../../model/limits";
import type { ReplayFilter } from "../../model/replay";
import type { Database } from "../core/databases";
import { MAX_PAGE_CONTENT } from "../core/read-limits";
import { readerOf } from "../core/reader";
import { errors } from "../core/tables";
import { cutByBytes, inDirection, mergePartialPages, type Page } from "../scan/partial-page";
import { type ErrorContent, loadErrorContents } from "./error-contents";
import { compareErrorKeys, type ErrorKey } from "./error-key";
import {
  type ErrorQuestion,
  type ErrorScan,
  type FoundError,
  type ScannedError,
  scanErrors,
  scannedColumns,
  toScanned,
} from "./scan-errors";

/** A replay's filter as an error query. */
export function asAsked({
  application,
  ...filter
}: ReplayFilter): Omit<ReplayFilter, "application"> & Pick<ErrorQuestion, "applications"> {
  return { ...filter, applications: application === null ? null : [application] };
}

/**
 * One page of the errors of all databases, by receipt. One filter is scanned by its index (the first of session,
 * code, name, category, application, status). If others are left, a page examines at most MAX_ROWS_EXAMINED of its
 * entries, looks them up in the index of the second filter too, and reads the errors that are in both. A page ends
 * early if its contents pass MAX_PAGE_CONTENT.
 *
 * @throws what D1 throws
 */
export async function findErrors(databases: Database[], question: ErrorQuestion): Promise<Page<FoundError, ErrorKey>> {
  const readers = databases.map(readerOf);
  // One scan for each application: its index holds the errors of one application in the order of receipt.
  const scans: ErrorScan[] = (question.applications ?? [null]).map((application) => ({ ...question, application }));
  const partialPages = await Promise.all(
    readers.flatMap((reader) =>
      scans.map(async (scan) => {
        const { rows, until } = await scanErrors(reader, scan);
        return { rows: rows.map((row) => ({ ...row, reader })), until };
      }),
    ),
  );
  const direction = inDirection(compareErrorKeys, question.order);
  const sizeOf = (row: ScannedError) => contentSize(row) + row.issues.length;
  const page = cutByBytes(mergePartialPages(partialPages, direction, question.limit), sizeOf, MAX_PAGE_CONTENT);
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

/** An error found by its id, with the index of its database. */
export interface LocatedError extends FoundError {
  database: number;
}

/**
 * The errors with the given ids in the order of receipt, each by one look-up in each database. Reads all their
 * contents, so pass few ids.
 *
 * @throws what D1 throws
 */
export async function findErrorsById(databases: Database[], ids: string[]): Promise<LocatedError[]> {
  const found = await Promise.all(
    databases.map(async (database) => {
      const reader = readerOf(database);
      const rows = await reader.select(scannedColumns).from(errors).where(hasIdIn(ids));
      const scanned = rows.map(toScanned);
      const contents = await loadErrorContents(reader, scanned);
      return scanned.map((row) => ({ ...withContent(row, contents), database: database.index }));
    }),
  );
  return found.flat().sort((a, b) => compareErrorKeys(a.key, b.key));
}

/**
 * How many of the first errors of a list have contents that fit into one page together; at least one. Reads no
 * content: a single one may have 1 MB, and an isolate has 128 MB.
 *
 * @throws what D1 throws
 */
export async function fittingErrors(databases: Database[], ids: readonly string[]): Promise<number> {
  const sizes = new Map<string, number>();
  const found = await Promise.all(
    databases.map((database) => {
      const { id, parts, size } = scannedColumns;
      return readerOf(database).select({ id, parts, size }).from(errors).where(hasIdIn(ids));
    }),
  );
  for (const { id, ...row } of found.flat()) sizes.set(id, (sizes.get(id) ?? 0) + contentSize(row));
  let total = 0;
  const end = ids.findIndex((id, place) => {
    total += sizes.get(id) ?? 0;
    return place > 0 && total > MAX_PAGE_CONTENT;
  });
  return end === -1 ? ids.length : end;
}

function contentSize({ parts, size }: Pick<ScannedError, "parts" | "size">): number {
  return parts > 0 ? parts * MAX_PART_CHARACTERS : size;
}

function withContent({ parts, size: _, ...row }: ScannedError, contents: Map<ErrorKey, ErrorContent>): FoundError {
  return { ...row, content: contents.get(row.key) ?? { kind: "incomplete", arrived: 0, of: parts } };
}

/**
 * The ids among the given ones that are in no database.
 *
 * @throws DrizzleQueryError
 */
export async function missingErrors(databases: readonly Database[], ids: readonly string[]): Promise<string[]> {
  const known = await Promise.all(
    databases.map((database) => readerOf(database).select({ id: errors.id }).from(errors).where(hasIdIn(ids))),
  );
  const held = new Set(known.flat().map(({ id }) => id));
  return ids.filter((id) => !held.has(id));
}

function hasIdIn(ids: readonly string[]): SQL {
  return inArray(errors.id, sql`(SELECT value FROM json_each(${JSON.stringify(ids)}))`);
}
