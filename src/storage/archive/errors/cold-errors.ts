import * as v from "valibot";
import type { Micros } from "../../../model/time/time";
import { hourOf } from "../../../model/time/units";
import { orQueryError } from "../../core/reader";
import { compareErrorKeys, type ErrorKey } from "../../errors/error-key";
import type { ErrorQuestion } from "../../errors/scan-errors";
import type { PartialPage } from "../../scan/partial-page";
import type { ArchivedError } from "../file/archived-rows";
import { ERROR_NAMES } from "../file/error-file";
import { type GroupColumns, ReadBudget } from "../file/file-reader";
import type { Archive } from "../find-archived";
import { type ColdFiles, type FileRow, scanFiles } from "../scan-files";
import { errorFilesByHour, errorFilesHolding } from "./error-files";
import { errorsAt } from "./read-errors";

/** The reads of R2 that one page of errors may cost. */
const MAX_READS = 38;

/** An archived error whose contents have not been read. */
export type ColdError = FileRow<ErrorKey>;

/** The filters of a list of errors, or the id of the event whose errors are wanted. */
export type ColdErrorQuestion = ErrorQuestion & { eventId?: string };

/**
 * The archive's part of a page of errors, without their contents. Call it after the databases were read, so that errors that
 * leave them meanwhile are found in the archive.
 *
 * The session index names the files of a session. For a code, category, name or application, the hours in which such errors were
 * counted select the files. For a status, all files of the range are read, page by page.
 *
 * @throws DrizzleQueryError, also if R2 cannot be read
 */
export function readColdErrors(
  archive: Archive,
  question: ColdErrorQuestion,
): Promise<PartialPage<ColdError, ErrorKey>> {
  return orQueryError(scan(archive, question), "the archive");
}

async function scan(archive: Archive, question: ColdErrorQuestion): Promise<PartialPage<ColdError, ErrorKey>> {
  const { order, after, limit, session } = question;
  const bounds = boundsOf(question);
  if (bounds.low > bounds.high) return { rows: [], until: null };
  const files = await filesOf(archive, question, bounds);
  return scanFiles(
    archive.bucket,
    files,
    {
      ...BY_RECEIPT,
      ...{ order, bounds, after, limit, isScattered: session !== null },
      matching: (columns) => matchingRows(columns, question, bounds),
    },
    new ReadBudget(MAX_READS),
  );
}

/** What all scans of error files share. */
const BY_RECEIPT = {
  time: "received_at",
  compare: compareErrorKeys,
  startOf: (receivedAt: Micros): ErrorKey => ({ receivedAt, id: "" }),
  mayHold: () => true,
  keysOf,
} as const;

interface Bounds {
  low: Micros;
  high: Micros;
}

function boundsOf({ from, to, order, after }: Pick<ErrorQuestion, "from" | "to" | "order" | "after">): Bounds {
  const low = Math.max(from ?? 0, order === "asc" ? (after?.receivedAt ?? 0) : 0);
  const high = to ?? Number.MAX_SAFE_INTEGER;
  if (order === "asc" || after === null) return { low, high };
  // A page that ended between two instants has read the later one: see boundsOf in event-order.ts.
  return { low, high: Math.min(high, after.id === "" ? after.receivedAt - 1 : after.receivedAt) };
}

function filesOf(archive: Archive, question: ErrorQuestion, { low, high }: Bounds): Promise<ColdFiles> {
  const hours = { first: hourOf(low), last: hourOf(high), order: question.order };
  return question.session === null
    ? errorFilesByHour(archive, question, hours)
    : errorFilesHolding(archive, [ERROR_NAMES.session(question.session)], hours);
}

const CodesSchema = v.pipe(v.string(), v.parseJson(), v.array(v.object({ code: v.string() })));

/** The rows of a row group that pass the filters. Decodes only the columns that the filters need. */
async function matchingRows(
  columns: GroupColumns,
  question: ColdErrorQuestion,
  { low, high }: Bounds,
): Promise<number[]> {
  const tests: ((row: number) => boolean)[] = [];
  const { applications, code, status } = question;
  const texts = [
    ["session_id", question.session],
    ["category", question.category],
    ["name", question.name],
    ["event_id", question.eventId ?? null],
  ] as const;
  for (const [column, wanted] of texts) {
    if (wanted === null) continue;
    const valueAt = await columns.optionalTexts(column);
    tests.push((row) => valueAt(row) === wanted);
  }
  if (applications !== null) {
    const applicationAt = await columns.optionalTexts("application");
    tests.push((row) => applications.includes(applicationAt(row) ?? ""));
  }
  if (status !== null) {
    const resolvedAt = await columns.optionalNumbers("resolved_at");
    tests.push((row) => (resolvedAt(row) === null) === (status === "open"));
  }
  if (code !== null) {
    const issuesAt = await columns.texts("issues");
    tests.push((row) => v.parse(CodesSchema, issuesAt(row)).some((issue) => issue.code === code));
  }
  const receivedAt = await columns.numbers("received_at");
  return Array.from({ length: columns.group.rows }, (_, row) => row).filter(
    (row) => receivedAt(row) >= low && receivedAt(row) <= high && tests.every((test) => test(row)),
  );
}

async function keysOf(columns: GroupColumns): Promise<(row: number) => ErrorKey> {
  const [receivedAt, id] = await Promise.all([columns.numbers("received_at"), columns.texts("id")]);
  return (row) => ({ receivedAt: receivedAt(row), id: id(row) });
}

/** The number of characters of each error's contents. Decodes one row group at a time and keeps nothing of it. */
export async function sizesOf(rows: readonly ColdError[]): Promise<Map<ColdError, number>> {
  const sizes = new Map<ColdError, number>();
  for (const [columns, own] of Map.groupBy(rows, (row) => row.columns)) {
    const [contentAt, issuesAt] = await Promise.all([columns.optionalTexts("content"), columns.texts("issues")]);
    for (const one of own) sizes.set(one, (contentAt(one.row)?.length ?? 0) + issuesAt(one.row).length);
  }
  return sizes;
}

/** Archived errors with their contents, in any order. */
export async function loadColdErrors(rows: readonly ColdError[]): Promise<ArchivedError[]> {
  const loaded: ArchivedError[] = [];
  for (const [columns, own] of Map.groupBy(rows, (row) => row.columns)) {
    const places = own.map(({ row }) => row);
    loaded.push(...(await errorsAt(columns, places)));
  }
  return loaded;
}

/**
 * The archived errors with the given ids, in the order of receipt.
 *
 * @throws DrizzleQueryError, also if R2 cannot be read
 */
export function findColdErrors(archive: Archive, ids: readonly string[]): Promise<ArchivedError[]> {
  return orQueryError(findById(archive, ids), "the archive");
}

async function findById(archive: Archive, ids: readonly string[]): Promise<ArchivedError[]> {
  const always = { first: 0, last: Number.MAX_SAFE_INTEGER };
  const files = await errorFilesHolding(archive, ids.map(ERROR_NAMES.id), always);
  const sought = new Set(ids);
  const page = await scanFiles(
    archive.bucket,
    files,
    {
      ...BY_RECEIPT,
      ...{ order: "asc", after: null, limit: ids.length, isScattered: true },
      bounds: { low: 0, high: Number.MAX_SAFE_INTEGER },
      matching: async (columns) => {
        const idAt = await columns.texts("id");
        return Array.from({ length: columns.group.rows }, (_, row) => row).filter((row) => sought.has(idAt(row)));
      },
    },
    new ReadBudget(MAX_READS),
  );
  const found = await loadColdErrors(page.rows);
  return [...new Map(found.map((error) => [error.id, error])).values()];
}
