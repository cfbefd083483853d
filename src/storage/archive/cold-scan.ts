import { tieOf } from "../../model/event/event-key";
import type { Micros } from "../../model/time/time";
import { packId } from "../core/packed-id";
import { boundsOf, compareEventKeys, type EventKey, type EventRange, startOf } from "../scan/event-order";
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

/** Which archived events are wanted. Filters combine; null matches any. */
export interface ColdFilter {
  session: string | null;
  applications: readonly string[] | null;
  category: string | null;
  name: string | null;
  /** Only events received up to this time. */
  receivedUntil: Micros | null;
}

/** An event of a row group that has been read. Its contents are not decoded yet. */
export interface ColdRow {
  key: EventKey;
  columns: GroupColumns;
  row: number;
}

/** The files to scan, and the boundary up to which the list is complete. */
export interface ColdFiles {
  files: readonly { file: ArchiveFile; groups: IndexedGroups | null }[];
  /** From this time on, in the order of the scan, more files may exist than are listed. Null if all are listed. */
  boundary: Micros | null;
}

export interface ColdQuestion {
  range: EventRange;
  limit: number;
  filter: ColdFilter;
}

/** A file or row group that may hold events from a time on, in the order of the scan. */
interface Unit {
  start: Micros;
  file: ArchiveFile;
  footer: FileFooter | null;
  group: FileGroup | null;
  /** Row groups that may hold wanted events; null for any. */
  within: IndexedGroups | null;
  /** The remaining rows of a row group that was read. */
  rest: { columns: GroupColumns; rows: number[] } | null;
}

/**
 * Reads the next events of the archive in the order of a scan: files and row groups in the order of their first
 * event, until the page is full. It ends early if the request's reads are used up, and returns how far it got.
 *
 * @throws what R2 throws, and ArchiveFileGone
 */
export async function scanCold(
  bucket: ArchiveBucket,
  { files, boundary }: ColdFiles,
  { range, limit, filter }: ColdQuestion,
  budget: ReadBudget,
): Promise<PartialPage<ColdRow, EventKey>> {
  const isAscending = range.order === "asc";
  const bounds = boundsOf(range);
  const compare = inDirection(compareEventKeys, range.order);
  const startIn = (low: Micros, high: Micros) =>
    isAscending ? Math.max(low, bounds.low) : Math.min(high, bounds.high);
  const isInside = (low: Micros, high: Micros) => low <= bounds.high && high >= bounds.low;
  const isBefore = (a: Micros, b: Micros) => (isAscending ? a < b : a > b);
  /** Everything before this key is complete once all units that start before the given time were read. */
  const keyBefore = (moment: Micros) => startOf(isAscending ? moment : moment + 1);

  const units: Unit[] = files
    .filter(({ file }) => isInside(file.first, file.last))
    .map(({ file, groups }) => ({
      ...{ start: startIn(file.first, file.last), file, within: groups },
      ...{ footer: null, group: null, rest: null },
    }));
  const rows: ColdRow[] = [];
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
    // A page must advance, or its cursor would lead back to its own start.
    const hasMoved = isAscending ? moment > bounds.low : moment < bounds.high;
    if (complete.length > limit || isAtBoundary || (budget.left <= 0 && hasMoved))
      return rangeUntil(complete, end, limit);
    const { left, found } = await readUnit(next);
    units.splice(0, units.length, ...units.filter((unit) => !left.has(unit)), ...found);
  }

  /** Reads a unit. For a row group, it also reads the adjacent ones that will be needed soon. */
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
    // A row group holds few events of one session; for a scan by time, one row group mostly fills the page.
    const wanted = filter.session === null ? beside.slice(0, 1) : beside;
    const run = runOf(wanted.flatMap(({ group }) => group ?? []));
    const read = await readGroups(bucket, file, footer, run, budget);
    const found: Unit[] = [];
    for (const columns of read) found.push(...(await take({ ...unit, group: columns.group }, columns, null)));
    return { left: new Set(wanted.filter(({ group }) => group !== null && run.includes(group))), found };
  }

  function groupsOf(unit: Unit, footer: FileFooter): Unit[] {
    const types = footer.types?.filter(
      ({ application, category, name }) =>
        (filter.applications?.includes(application) ?? true) &&
        (filter.category ?? category) === category &&
        (filter.name ?? name) === name,
    );
    return footer.groups
      .filter(
        ({ number, low, high }) =>
          isInside(low, high) &&
          (unit.within === null || (number >= unit.within.first && number <= unit.within.last)) &&
          (types === undefined || types.some(({ first, last }) => number >= first && number <= last)),
      )
      .map((group) => ({ ...unit, footer, group, start: startIn(group.low, group.high) }));
  }

  /** Adds rows of a row group to the page, up to the page's length. The remaining rows become a unit of their own. */
  async function take(unit: Unit, columns: GroupColumns, known: number[] | null): Promise<Unit[]> {
    const occurredAt = await columns.numbers("occurred_at");
    const wanted = known ?? (await matchingRows(columns, filter, bounds));
    if (known === null) wanted.sort((a, b) => (isAscending ? 1 : -1) * (occurredAt(a) - occurredAt(b)) || a - b);
    let count = Math.min(wanted.length, limit + 1);
    const last = wanted[count - 1];
    // Rows with the same timestamp are sorted together.
    while (last !== undefined && count < wanted.length && occurredAt(wanted[count] ?? -1) === occurredAt(last))
      count += 1;
    const [receivedAt, session, id] = await Promise.all([
      columns.numbers("received_at"),
      columns.texts("session_id"),
      columns.texts("id"),
    ]);
    for (const row of wanted.slice(0, count)) {
      const moment = occurredAt(row);
      const key: EventKey = {
        occurredAt: moment,
        receivedAfter: receivedAt(row) - moment,
        session: packId(session(row)),
        tie: tieOf(id(row)),
      };
      if (range.after === null || compare(key, range.after) > 0) rows.push({ key, columns, row });
    }
    const left = wanted.slice(count);
    const [first] = left;
    return first === undefined ? [] : [{ ...unit, start: occurredAt(first), rest: { columns, rows: left } }];
  }
}

function rangeUntil(rows: ColdRow[], until: EventKey | null, limit: number): PartialPage<ColdRow, EventKey> {
  if (rows.length <= limit) return { rows, until };
  const page = rows.slice(0, limit + 1);
  return { rows: page, until: page.at(-1)?.key ?? null };
}

/** The rows of a row group within a time range that match the filter. Decodes only the columns that the filter needs. */
async function matchingRows(
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
  const { applications, receivedUntil } = filter;
  if (applications !== null) {
    const applicationAt = await columns.texts("application");
    tests.push((row) => applications.includes(applicationAt(row)));
  }
  if (receivedUntil !== null) {
    const receivedAt = await columns.numbers("received_at");
    tests.push((row) => receivedAt(row) <= receivedUntil);
  }
  const occurredAt = await columns.numbers("occurred_at");
  const rows: number[] = [];
  for (let row = 0; row < columns.group.rows; row++) {
    const moment = occurredAt(row);
    if (moment >= low && moment <= high && tests.every((test) => test(row))) rows.push(row);
  }
  return rows;
}
