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

/** Files to look through, and as far as they are known. */
export interface ColdFiles {
  files: readonly { file: ArchiveFile; groups: IndexedGroups | null }[];
  /** From this moment on, in the order of the scan, there may be files that are not listed; null: all are. */
  boundary: Micros | null;
}

/** A row of a row group that has been read, its contents still in there. */
export interface FileRow<Key> {
  key: Key;
  columns: GroupColumns;
  row: number;
}

/** What a scan of files asks for, in terms of its rows. */
export interface FileScan<Key> {
  order: Order;
  /** The first and the last moment that are wanted. */
  bounds: { low: Micros; high: Micros };
  /** Rows behind it are wanted; null: from the start. */
  after: Key | null;
  limit: number;
  /** The column of moments that files and row groups are ordered by. */
  time: "occurred_at" | "received_at";
  /** The ascending order of keys: by moment first. */
  compare: (a: Key, b: Key) => number;
  /** The least key of a moment. */
  startOf: (moment: Micros) => Key;
  /** True if what is wanted is rare, so that of each row group few rows are: then several are read at once. */
  isScattered: boolean;
  mayHold: (footer: FileFooter, group: FileGroup) => boolean;
  /** The wanted rows of a row group, in ascending order of their numbers. */
  matching: (columns: GroupColumns) => Promise<number[]>;
  keysOf: (columns: GroupColumns) => Promise<(row: number) => Key>;
}

/** Something that may hold rows from a moment on, in the order of the scan. */
interface Unit {
  start: Micros;
  file: ArchiveFile;
  footer: FileFooter | null;
  group: FileGroup | null;
  /** Row groups in which wanted rows may lie; null: in any. */
  within: IndexedGroups | null;
  /** What is left of a row group that was read. */
  rest: { columns: GroupColumns; rows: number[] } | null;
}

/**
 * Reads the next rows of the archive in the order of a scan: the files and row groups in the order of their first moment, as
 * many as fill a page. It ends early where the reads of the request are used up, and says how far it came.
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
  /** What lies before this key is complete once everything that starts earlier than the moment has been read. */
  const keyBefore = (moment: Micros) => scan.startOf(isAscending ? moment : moment + 1);

  const units: Unit[] = files
    .filter(({ file }) => isInside(file.first, file.last))
    .map(({ file, groups }) => ({
      ...{ start: startIn(file.first, file.last), file, within: groups },
      ...{ footer: null, group: null, rest: null },
    }));
  const rows: FileRow<Key>[] = [];
  for (;;) {
    units.sort((a, b) => (isAscending ? a.start - b.start : b.start - a.start));
    const [next] = units;
    const ends = [next?.start ?? null, boundary].filter((moment) => moment !== null);
    if (ends.length === 0)
      return rangeUntil(
        rows.toSorted((a, b) => compare(a.key, b.key)),
        null,
        limit,
      );
    const moment = ends.reduce((least, one) => (isBefore(one, least) ? one : least));
    const end = keyBefore(moment);
    const complete = rows.filter(({ key }) => compare(key, end) <= 0).sort((a, b) => compare(a.key, b.key));
    const isAtBoundary = next === undefined || (boundary !== null && !isBefore(next.start, boundary));
    // A page must move on, or its cursor would lead back to where it began.
    const hasMoved = isAscending ? moment > bounds.low : moment < bounds.high;
    if (complete.length > limit || isAtBoundary || (budget.left <= 0 && hasMoved))
      return rangeUntil(complete, end, limit);
    const { left, found } = await readUnit(next);
    units.splice(0, units.length, ...units.filter((unit) => !left.has(unit)), ...found);
  }

  /** Reads a unit, and with a row group the ones beside it that are wanted soon. */
  async function readUnit(unit: Unit): Promise<{ left: Set<Unit>; found: Unit[] }> {
    if (unit.rest !== null) {
      const rest = await take(unit, unit.rest.columns, unit.rest.rows);
      return { left: new Set([unit]), found: rest };
    }
    if (unit.footer === null || unit.group === null) {
      const footer = await readFooter(bucket, unit.file, budget);
      return { left: new Set([unit]), found: groupsOf(unit, footer) };
    }
    const { file, footer } = unit;
    const beside = units.filter((one) => one.file === file && one.group !== null && one.rest === null);
    const wanted = scan.isScattered ? beside : beside.slice(0, 1);
    const run = runOf(wanted.flatMap(({ group }) => group ?? []));
    const read = await readGroups(bucket, file, footer, run, budget);
    const found: Unit[] = [];
    for (const columns of read) found.push(...(await take({ ...unit, group: columns.group }, columns, null)));
    return { left: new Set(wanted.filter(({ group }) => group !== null && run.includes(group))), found };
  }

  function groupsOf(unit: Unit, footer: FileFooter): Unit[] {
    return footer.groups
      .filter(
        (group) =>
          isInside(group.low, group.high) &&
          (unit.within === null || (group.number >= unit.within.first && group.number <= unit.within.last)) &&
          scan.mayHold(footer, group),
      )
      .map((group) => ({ ...unit, footer, group, start: startIn(group.low, group.high) }));
  }

  /** Takes rows of a row group into the page: those of a page's length, the rest is left as a unit of its own. */
  async function take(unit: Unit, columns: GroupColumns, known: number[] | null): Promise<Unit[]> {
    const momentOf = await columns.numbers(scan.time);
    const wanted = known ?? (await scan.matching(columns));
    if (known === null) wanted.sort((a, b) => (isAscending ? 1 : -1) * (momentOf(a) - momentOf(b)) || a - b);
    let count = Math.min(wanted.length, limit + 1);
    const last = wanted[count - 1];
    // Those of one moment are sorted together.
    while (last !== undefined && count < wanted.length && momentOf(wanted[count] ?? -1) === momentOf(last)) count += 1;
    const keyOf = await scan.keysOf(columns);
    for (const row of wanted.slice(0, count)) {
      const key = keyOf(row);
      if (scan.after === null || compare(key, scan.after) > 0) rows.push({ key, columns, row });
    }
    const left = wanted.slice(count);
    const [first] = left;
    return first === undefined ? [] : [{ ...unit, start: momentOf(first), rest: { columns, rows: left } }];
  }
}

function rangeUntil<Key>(rows: FileRow<Key>[], until: Key | null, limit: number): PartialPage<FileRow<Key>, Key> {
  if (rows.length <= limit) return { rows, until };
  const page = rows.slice(0, limit + 1);
  return { rows: page, until: page.at(-1)?.key ?? null };
}
