import { gunzipSync } from "node:zlib";
import { type FileMetaData, parquetMetadata, parquetScan } from "hyparquet";
import * as v from "valibot";
import type { Micros } from "../../../model/time/time";
import { type ArchiveBucket, ArchiveFileGone } from "../archive-bucket";
import type { ArchiveFile } from "./archive-file";
import { TYPES_NOTE } from "./event-file";

/** A row group: its place in the file, and the first and last timestamp in it. */
export interface FileGroup {
  number: number;
  rowStart: number;
  rows: number;
  offset: number;
  length: number;
  low: Micros;
  high: Micros;
}

export interface ListedType {
  application: string;
  category: string;
  name: string;
  first: number;
  last: number;
}

/** The contents of a file's footer. */
export interface FileFooter {
  metadata: FileMetaData;
  groups: FileGroup[];
  /** The row groups that hold each type; null if there are too many types. */
  types: ListedType[] | null;
}

/** Row groups with their decoded columns, about 10 MB each, for pages that follow each other and end within a row group. */
export class RecentGroups {
  private readonly groups = new Map<string, GroupColumns>();

  find(key: string, group: FileGroup): GroupColumns | undefined {
    return this.groups.get(`${key} ${group.number}`);
  }

  /** Keeps the last two. */
  keep(key: string, columns: GroupColumns): void {
    this.groups.set(`${key} ${columns.group.number}`, columns);
    const [oldest] = this.groups.keys();
    if (this.groups.size > 2 && oldest !== undefined) this.groups.delete(oldest);
  }
}

/** Counts the reads of one request, and bounds them. */
export class ReadBudget {
  reads = 0;
  /** @param recent row groups that were read before; null to keep none */
  constructor(
    readonly most: number,
    readonly recent: RecentGroups | null = null,
  ) {}

  get left(): number {
    return this.most - this.reads;
  }
}

const parsers = { timestampFromMicroseconds: (micros: bigint) => Number(micros) };

const TypesSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.array(v.tuple([v.string(), v.string(), v.string(), v.number(), v.number()])),
);

/** Footers that an isolate keeps, about 100 KB each. Names derive from contents, so a kept footer is never stale. */
const MAX_FOOTERS_KEPT = 64;
const footers = new Map<string, FileFooter>();

/**
 * Reads the footer of a file, and keeps it for the isolate.
 *
 * @throws ArchiveFileGone, and what R2 throws
 */
export async function readFooter(bucket: ArchiveBucket, file: ArchiveFile, budget: ReadBudget): Promise<FileFooter> {
  const kept = footers.get(file.key);
  if (kept !== undefined) return kept;
  const buffer = await readRange(bucket, file.key, file.bytes - file.footerBytes, file.footerBytes, budget);
  const footer = parseFooter(buffer, file.kind === "events" ? "occurred_at" : "received_at");
  if (footers.size >= MAX_FOOTERS_KEPT) footers.clear();
  footers.set(file.key, footer);
  return footer;
}

function parseFooter(buffer: ArrayBuffer, time: string): FileFooter {
  const metadata = parquetMetadata(buffer, { parsers });
  let rowStart = 0;
  const groups = metadata.row_groups.map((group, number): FileGroup => {
    const rows = Number(group.num_rows);
    const chunks = group.columns.flatMap(({ meta_data }) => (meta_data === undefined ? [] : [meta_data]));
    const offset = Math.min(
      ...chunks.map(({ dictionary_page_offset, data_page_offset }) =>
        Number(dictionary_page_offset ?? data_page_offset),
      ),
    );
    const length = chunks.reduce((sum, { total_compressed_size }) => sum + Number(total_compressed_size), 0);
    const held = chunks.find(({ path_in_schema }) => path_in_schema[0] === time)?.statistics;
    const described = { number, rowStart, rows, offset, length };
    rowStart += rows;
    return { ...described, low: Number(held?.min_value), high: Number(held?.max_value) };
  });
  const note = metadata.key_value_metadata?.find(({ key }) => key === TYPES_NOTE)?.value;
  const types = note === undefined ? null : v.parse(TypesSchema, note).map(toListedType);
  return { metadata, groups, types };
}

function toListedType([application, category, name, first, last]: [
  string,
  string,
  string,
  number,
  number,
]): ListedType {
  return { application, category, name, first, last };
}

/** The most row groups and bytes in one read. Consecutive row groups are adjacent in the file. */
const MAX_RUN_GROUPS = 12;
const MAX_RUN_BYTES = 6_000_000;

/** The longest prefix of a list of row groups that are adjacent and fit into one read. */
export function runOf(groups: readonly FileGroup[]): FileGroup[] {
  const run: FileGroup[] = [];
  let bytes = 0;
  for (const group of groups) {
    const before = run.at(-1);
    if (before !== undefined && Math.abs(group.number - before.number) !== 1) break;
    if (run.length > 0 && (run.length >= MAX_RUN_GROUPS || bytes + group.length > MAX_RUN_BYTES)) break;
    run.push(group);
    bytes += group.length;
  }
  return run;
}

/** Reads adjacent row groups with one read. */
export async function readGroups(
  bucket: ArchiveBucket,
  file: ArchiveFile,
  footer: FileFooter,
  run: readonly FileGroup[],
  budget: ReadBudget,
): Promise<GroupColumns[]> {
  const kept = run.flatMap((group) => budget.recent?.find(file.key, group) ?? []);
  if (kept.length === run.length) return kept;
  const start = Math.min(...run.map(({ offset }) => offset));
  const end = Math.max(...run.map(({ offset, length }) => offset + length));
  const buffer = await readRange(bucket, file.key, start, end - start, budget);
  const groups = await Promise.all(run.map((group) => openGroup(file, footer, group, buffer, start)));
  for (const group of groups) budget.recent?.keep(file.key, group);
  return groups;
}

/** The columns of a row group, each decoded on first use. */
export class GroupColumns {
  constructor(
    readonly group: FileGroup,
    private readonly read: (column: string) => Promise<ArrayLike<unknown>>,
  ) {}

  async texts(column: string): Promise<(row: number) => string> {
    const values = await this.read(column);
    return (row) => String(values[row]);
  }

  async optionalTexts(column: string): Promise<(row: number) => string | null> {
    const values = await this.read(column);
    return (row) => {
      const value = values[row];
      return value === null || value === undefined ? null : String(value);
    };
  }

  async numbers(column: string): Promise<(row: number) => number> {
    const values = await this.read(column);
    return (row) => Number(values[row]);
  }

  async optionalNumbers(column: string): Promise<(row: number) => number | null> {
    const values = await this.read(column);
    return (row) => {
      const value = values[row];
      return value === null || value === undefined ? null : Number(value);
    };
  }
}

async function openGroup(
  file: ArchiveFile,
  { metadata }: FileFooter,
  group: FileGroup,
  buffer: ArrayBuffer,
  start: number,
): Promise<GroupColumns> {
  const { rowStart, rows } = group;
  const scan = await parquetScan({
    file: {
      byteLength: file.bytes,
      slice: (from, to) => buffer.slice(from - start, (to ?? file.bytes) - start),
    },
    metadata,
    rowStart,
    rowEnd: rowStart + rows,
    useOffsetIndex: false,
    compressors: { GZIP: (input) => gunzipSync(input) },
    parsers,
  });
  return new GroupColumns(group, (column) => scan.readColumn({ column, rowStart, rowEnd: rowStart + rows }));
}

async function readRange(
  bucket: ArchiveBucket,
  key: string,
  offset: number,
  length: number,
  budget: ReadBudget,
): Promise<ArrayBuffer> {
  budget.reads += 1;
  const object = await bucket.get(key, { range: { offset, length } });
  if (object === null) throw new ArchiveFileGone(key);
  return object.arrayBuffer();
}
