import type { ArchiveBucket } from "../archive/archive-bucket";
import { type ColdError, findColdErrors, loadColdErrors, readColdErrors, sizesOf } from "../archive/errors/cold-errors";
import type { ArchivedError } from "../archive/file/archived-rows";
import type { Archive } from "../archive/find-archived";
import type { Database } from "../core/databases";
import { MAX_PAGE_CONTENT } from "../core/read-limits";
import { retryOutOfDate } from "../partitions/known-partitions";
import { cutByBytes, inDirection, mergePartialPages, type Page } from "../scan/partial-page";
import type { ErrorContent } from "./error-contents";
import { compareErrorKeys, type ErrorKey } from "./error-key";
import { findErrors, findErrorsById } from "./error-queries";
import type { ErrorQuestion, FoundError } from "./scan-errors";

/** Reads errors from the databases and the archive. An error that is in both is being moved; the two copies are equal. */

export interface ErrorPage extends Page<FoundError, ErrorKey> {
  /** True if a part of the page came from the archive. */
  fromArchive: boolean;
}

/**
 * One page of the errors of all databases and of the archive, by receipt: see `findErrors` and `readColdErrors`.
 *
 * @throws DrizzleQueryError, also if R2 cannot be read
 */
export async function findAllErrors(
  databases: Database[],
  question: ErrorQuestion,
  bucket: ArchiveBucket | null,
): Promise<ErrorPage> {
  if (bucket === null) return { ...(await findErrors(databases, question)), fromArchive: false };
  return retryOutOfDate(() => findEverywhere({ bucket, databases }, databases, question));
}

async function findEverywhere(archive: Archive, databases: Database[], question: ErrorQuestion): Promise<ErrorPage> {
  const hot = await findErrors(databases, question);
  const cold = await readColdErrors(archive, upTo(question, hot.next));
  const known = new Set(hot.rows.map(({ key }) => key.id));
  const archived = cold.rows.filter(({ key }) => !known.has(key.id));
  if (archived.length === 0 && cold.until === null) return { ...hot, fromArchive: false };
  const compare = inDirection(compareErrorKeys, question.order);
  const page = mergePartialPages<FoundError | ColdError, ErrorKey>(
    [
      { rows: hot.rows, until: hot.next },
      { rows: archived, until: cold.until },
    ],
    compare,
    question.limit,
  );
  const sizes = await sizesOf(page.rows.filter(isCold));
  const cut = cutByBytes(page, (row) => (isCold(row) ? (sizes.get(row) ?? 0) : sizeOf(row)), MAX_PAGE_CONTENT);
  const loaded = new Map((await loadColdErrors(cut.rows.filter(isCold))).map((error) => [error.id, error]));
  const rows = cut.rows.flatMap((row) => (isCold(row) ? fromArchive(loaded.get(row.key.id)) : row));
  return { rows, next: cut.next, fromArchive: loaded.size > 0 };
}

function isCold(row: FoundError | ColdError): row is ColdError {
  return "columns" in row;
}

function sizeOf({ issues, content }: FoundError): number {
  return issues.length + (content.kind === "whole" ? content.text.length : 0);
}

/** The part of a query before the end of the databases' part of the page. */
function upTo(question: ErrorQuestion, end: ErrorKey | null): ErrorQuestion {
  if (end === null) return question;
  return question.order === "asc"
    ? { ...question, to: Math.min(question.to ?? Number.MAX_SAFE_INTEGER, end.receivedAt) }
    : { ...question, from: Math.max(question.from ?? 0, end.receivedAt) };
}

function fromArchive(error: ArchivedError | undefined): FoundError[] {
  if (error === undefined) return [];
  const { id, receivedAt, parts, content, ...rest } = error;
  const text: ErrorContent =
    content === null ? { kind: "incomplete", arrived: 0, of: parts } : { kind: "whole", text: content };
  return [{ ...rest, key: { receivedAt, id }, content: text }];
}

/**
 * The errors with the given ids, from the databases and the archive, in the order of receipt. Reads all of their contents, so ids
 * should be few.
 *
 * @throws DrizzleQueryError, also if R2 cannot be read
 */
export async function findAllErrorsById(
  databases: Database[],
  ids: readonly string[],
  bucket: ArchiveBucket | null,
): Promise<FoundError[]> {
  const hot = await findErrorsById(databases, [...ids]);
  const left = ids.filter((id) => !hot.some(({ key }) => key.id === id));
  if (bucket === null || left.length === 0) return hot;
  const cold = await retryOutOfDate(() => findColdErrors({ bucket, databases }, left));
  const found = [...hot, ...cold.flatMap(fromArchive)];
  return found.sort((a, b) => compareErrorKeys(a.key, b.key));
}
