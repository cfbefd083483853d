import type { Micros } from "../../model/time/time";
import type { Order } from "../scan/event-order";
import { inDirection, type PartialPage } from "../scan/partial-page";
import type { ArchiveBucket } from "./archive-bucket";
import type { ArchiveFile } from "./file/archive-file";
import {
  type FileFooter,
  type FileGroup,
  type GroupColumns,
  type ReadBudget,
  readFooter,
  readGroups,
  runOf,
} from "./file/file-reader";
import type { IndexedGroups } from "./file/session-index";

/** The files that a scan reads. If they are too many, the list ends at `boundary`. */
export interface ColdFiles {
  files: readonly { file: ArchiveFile; groups: IndexedGroups | null }[];
  /** The first instant, in the order of the scan, for which files may be missing from the list. Null if all are listed. */
  boundary: Micros | null;
}

/** A row of a row group that was read. Its contents are not decoded. */
export interface FileRow<Key> {
  key: Key;
  columns: GroupColumns;
  row: number;
}

/** Describes a scan: its order, its bounds, and how rows are matched. */
export interface FileScan<Key> {
  order: Order;
  /**
   * The first and the last instant to read, both included. A descending scan that continues after a `startOf` must leave out
   * its instant, which has been read.
   */
  bounds: { low: Micros; high: Micros };
  /** The scan continues after this key. Null: from the start. */
  after: Key | null;
  limit: number;
  /** The column by whose time files and row groups are ordered. */
  time: "occurred_at" | "received_at";
  /** The ascending order of keys, by time first. */
  compare: (a: Key, b: Key) => number;
  /** The smallest key at an instant. */
  startOf: (moment: Micros) => Key;
  /** True if few rows of each row group match. Then several row groups are read at once. */
  isScattered: boolean;
  mayHold: (footer: FileFooter, group: FileGroup) => boolean;
  /** The numbers of the matching rows of a row group, ascending. */
  matching: (columns: GroupColumns) => Promise<number[]>;
  keysOf: (columns: GroupColumns) => Promise<(row: number) => Key>;
}

/** A file, a row group or the rest of one that was not read yet. */
interface Unread {
  start: Micros;
  file: ArchiveFile;
  footer: FileFooter | null;
  group: FileGroup | null;
  /** The row groups that may hold matching rows. Null: any. */
  within: IndexedGroups | null;
  /** The remaining rows of a row group that was read. */
  rest: { columns: GroupColumns; rows: number[] } | null;
}

/**
 * Reads the next rows of the archive in the order of a scan. Reads files and row groups by their first instant, as many
 * as fill a page. Ends early when the budget is used up; `until` of the result is the place that it reached.
 *
 * @throws what R2 throws, and ArchiveFileGone
 */
export async function scanFiles<Key>(
  bucket: ArchiveBucket,
  { files, boundary }: ColdFiles,
  scan: FileScan<Key>,
  budget: ReadBudget,
): Promise<PartialPage<FileRow<Key>, Key>> {
  const { order, bounds, limit } = scan;
  const isAscending = order === "asc";
  const compare = inDirection(scan.compare, order);
  const startIn = (low: Micros, high: Micros) =>
    isAscending ? Math.max(low, bounds.low) : Math.min(high, bounds.high);
  const isInside = (low: Micros, high: Micros) => low <= bounds.high && high >= bounds.low;
  const isBefore = (a: Micros, b: Micros) => (isAscending ? a < b : a > b);
  /** Rows before this key are complete when everything that starts before the instant was read. */
  const keyBefore = (moment: Micros) => scan.startOf(isAscending ? moment : moment + 1);

  const waiting: Unread[] = files
    .filter(({ file }) => isInside(file.first, file.last))
    .map(({ file, groups }) => ({
      ...{ start: startIn(file.first, file.last), file, within: groups },
      ...{ footer: null, group: null, rest: null },
    }));
  const rows: FileRow<Key>[] = [];
  for (;;) {
    waiting.sort((a, b) => (isAscending ? a.start - b.start : b.start - a.start));
    const [next] = waiting;
    const ends = [next?.start ?? null, boundary].filter((moment) => moment !== null);
    if (ends.length === 0)
      return partialPageUntil(
        rows.toSorted((a, b) => compare(a.key, b.key)),
        null,
        limit,
      );
    const moment = ends.reduce((least, one) => (isBefore(one, least) ? one : least));
    const end = keyBefore(moment);
    const complete = rows.filter(({ key }) => compare(key, end) <= 0).sort((a, b) => compare(a.key, b.key));
    const isAtBoundary = next === undefined || (boundary !== null && !isBefore(next.start, boundary));
    // A page must make progress, or its cursor would be the one that it was asked with.
    const hasMoved = isAscending ? moment > bounds.low : moment < bounds.high;
    if (complete.length > limit || isAtBoundary || (budget.left <= 0 && hasMoved))
      return partialPageUntil(complete, end, limit);
    const { left, found } = await readNext(next);
    waiting.splice(0, waiting.length, ...waiting.filter((unread) => !left.has(unread)), ...found);
  }

  /** Reads the next file or row group. A scattered scan also reads the row groups beside it, which it needs soon. */
  async function readNext(unread: Unread): Promise<{ left: Set<Unread>; found: Unread[] }> {
    if (unread.rest !== null) {
      const rest = await take(unread, unread.rest.columns, unread.rest.rows);
      return { left: new Set([unread]), found: rest };
    }
    if (unread.footer === null || unread.group === null) {
      const footer = await readFooter(bucket, unread.file, budget);
      return { left: new Set([unread]), found: groupsOf(unread, footer) };
    }
    const { file, footer } = unread;
    const beside = waiting.filter((one) => one.file === file && one.group !== null && one.rest === null);
    const wanted = scan.isScattered ? beside : beside.slice(0, 1);
    const run = runOf(wanted.flatMap(({ group }) => group ?? []));
    const read = await readGroups(bucket, file, footer, run, budget);
    const found: Unread[] = [];
    for (const columns of read) found.push(...(await take({ ...unread, group: columns.group }, columns, null)));
    return { left: new Set(wanted.filter(({ group }) => group !== null && run.includes(group))), found };
  }

  function groupsOf(unread: Unread, footer: FileFooter): Unread[] {
    return footer.groups
      .filter(
        (group) =>
          isInside(group.low, group.high) &&
          (unread.within === null || (group.number >= unread.within.first && group.number <= unread.within.last)) &&
          scan.mayHold(footer, group),
      )
      .map((group) => ({ ...unread, footer, group, start: startIn(group.low, group.high) }));
  }

  /** Adds rows of a row group to the page, at most a page. The rest is read later. */
  async function take(unread: Unread, columns: GroupColumns, known: number[] | null): Promise<Unread[]> {
    const momentOf = await columns.numbers(scan.time);
    const wanted = known ?? (await scan.matching(columns));
    if (known === null) wanted.sort((a, b) => (isAscending ? 1 : -1) * (momentOf(a) - momentOf(b)) || a - b);
    let count = Math.min(wanted.length, limit + 1);
    const last = wanted[count - 1];
    // Rows of the same instant must be sorted together.
    while (last !== undefined && count < wanted.length && momentOf(wanted[count] ?? -1) === momentOf(last)) count += 1;
    const keyOf = await scan.keysOf(columns);
    for (const row of wanted.slice(0, count)) {
      const key = keyOf(row);
      if (scan.after === null || compare(key, scan.after) > 0) rows.push({ key, columns, row });
    }
    const left = wanted.slice(count);
    const [first] = left;
    return first === undefined ? [] : [{ ...unread, start: momentOf(first), rest: { columns, rows: left } }];
  }
}

function partialPageUntil<Key>(rows: FileRow<Key>[], until: Key | null, limit: number): PartialPage<FileRow<Key>, Key> {
  if (rows.length <= limit) return { rows, until };
  const page = rows.slice(0, limit + 1);
  return { rows: page, until: page.at(-1)?.key ?? null };
}
