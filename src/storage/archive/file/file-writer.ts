import { gzipSync } from "node:zlib";
import type { KeyValue, SchemaElement } from "hyparquet";
import { ByteWriter, type ColumnSource, ParquetWriter } from "hyparquet-writer";
import { FILE_LIMITS, type FileLimits } from "../limits";
import type { ArchiveColumn } from "./columns";

export interface WrittenFile {
  bytes: Uint8Array;
  rows: number;
  /** The size of the footer with its length and the magic number: the end of the file, which a reader needs first. */
  footerBytes: number;
}

/**
 * Writes a Parquet file row group by row group, so that at most one row group is held as rows. The same rows in the
 * same order give the same bytes, so a repeated upload under a name made of their hash is harmless.
 */
export class ArchiveFileWriter<Row> {
  private readonly out = new ByteWriter(1 << 20);
  private readonly parquet: ParquetWriter;
  private group: Row[] = [];
  private groupCharacters = 0;
  private closed = 0;
  rows = 0;

  constructor(
    private readonly columns: readonly ArchiveColumn<Row>[],
    private readonly limits: FileLimits = FILE_LIMITS,
  ) {
    this.parquet = new ParquetWriter({
      writer: this.out,
      schema: schemaOf(columns),
      codec: "GZIP",
      // A faster level than zlib's default: a third of the time for 5 % more bytes.
      compressors: { GZIP: (input) => gzipSync(input, { level: GZIP_LEVEL }) },
      createdBy: "the-eye",
    });
  }

  /** The number of the row group that the next row goes into, from 0. */
  get groupNumber(): number {
    return this.closed;
  }

  /** True if the file is full: the next row belongs in another file. */
  get isFull(): boolean {
    const { fileGroups, fileBytes } = this.limits;
    return this.closed >= fileGroups || (this.group.length === 0 && this.out.offset >= fileBytes);
  }

  /** Adds a row. The caller checks `isFull` first. */
  add(row: Row): void {
    this.group.push(row);
    this.rows += 1;
    for (const column of this.columns) {
      if (column.kind !== "text" || column.dictionary === true) continue;
      const value = column.valueIn(row);
      if (typeof value === "string") this.groupCharacters += value.length;
    }
    if (this.group.length >= this.limits.groupRows || this.groupCharacters >= this.limits.groupCharacters)
      this.closeGroup();
  }

  /** Returns the bytes written since the last call, for a file that is sent while it is written. */
  takeBytes(): Uint8Array {
    const bytes = this.out.getBytes().slice();
    this.out.index = 0;
    return bytes;
  }

  /** @param notes key-value pairs for the footer */
  finish(notes: KeyValue[] = []): WrittenFile {
    this.closeGroup();
    this.parquet.kvMetadata = notes;
    const before = this.out.offset;
    expectDone(this.parquet.finish());
    return { bytes: this.out.getBytes(), rows: this.rows, footerBytes: this.out.offset - before };
  }

  private closeGroup(): void {
    if (this.group.length === 0) return;
    const columnData = this.columns.map((column) => columnSource(column, this.group));
    expectDone(this.parquet.write({ columnData, rowGroupSize: this.group.length }));
    this.group = [];
    this.groupCharacters = 0;
    this.closed += 1;
  }
}

const GZIP_LEVEL = 4;

/** The library waits only when its writer does, and a memory buffer never waits. */
function expectDone(result: unknown): void {
  if (result instanceof Promise) throw new Error("a file in memory is written at once");
}

function schemaOf<Row>(columns: readonly ArchiveColumn<Row>[]): SchemaElement[] {
  return [
    { name: "root", num_children: columns.length },
    ...columns.map(({ name, kind, nullable }): SchemaElement => {
      const repetition_type = nullable ? "OPTIONAL" : "REQUIRED";
      if (kind === "text") return { name, type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type };
      if (kind === "moment") return { name, type: "INT64", converted_type: "TIMESTAMP_MICROS", repetition_type };
      return { name, type: "INT32", repetition_type };
    }),
  ];
}

function columnSource<Row>(column: ArchiveColumn<Row>, rows: readonly Row[]): ColumnSource {
  const { name, kind, dictionary, valueIn } = column;
  const data = rows.map((row) => {
    const value = valueIn(row);
    return kind === "moment" && typeof value === "number" ? BigInt(value) : value;
  });
  return {
    name,
    data,
    // Page indexes would add more than half of the file's size, and a row group is always read whole.
    offsetIndex: false,
    ...(dictionary === true ? { encoding: "RLE_DICTIONARY" as const } : {}),
  };
}
