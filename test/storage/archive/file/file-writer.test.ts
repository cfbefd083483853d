import { expect, it } from "vitest";
import type { ArchiveColumn } from "../../../../src/storage/archive/file/columns";
import { ArchiveFileWriter } from "../../../../src/storage/archive/file/file-writer";
import { FILE_LIMITS, type FileLimits } from "../../../../src/storage/archive/limits";

interface Row {
  at: number;
  kind: string;
  text: string | null;
}

const COLUMNS: ArchiveColumn<Row>[] = [
  { name: "at", kind: "moment", nullable: false, valueIn: ({ at }) => at },
  { name: "kind", kind: "text", nullable: false, dictionary: true, valueIn: ({ kind }) => kind },
  { name: "text", kind: "text", nullable: true, valueIn: ({ text }) => text },
];

const writerWith = (limits: Partial<FileLimits> = {}) =>
  new ArchiveFileWriter(COLUMNS, { ...FILE_LIMITS, groupRows: 3, ...limits });
const rowOf = (at: number, changes: Partial<Row> = {}): Row => ({ at, kind: "k", text: "t", ...changes });

it("starts a row group when the last one has all of its rows", () => {
  const writer = writerWith();
  const groups = [0, 1, 2, 3, 4, 5, 6].map((at) => {
    const { groupNumber } = writer;
    writer.add(rowOf(at));
    return groupNumber;
  });
  expect(groups).toEqual([0, 0, 0, 1, 1, 1, 2]);
  expect(writer.rows).toBe(7);
});

it("starts a row group after many characters of contents, not of repeated values", () => {
  const writer = writerWith({ groupRows: 100, groupCharacters: 10 });
  writer.add(rowOf(0, { kind: "a long kind that is stored once", text: "123456789" }));
  expect(writer.groupNumber).toBe(0);
  writer.add(rowOf(1, { text: "1" }));
  expect(writer.groupNumber).toBe(1);
});

it("is full after its row groups", () => {
  const writer = writerWith({ fileGroups: 2 });
  const full = [0, 1, 2, 3, 4, 5].map((at) => {
    writer.add(rowOf(at));
    return writer.isFull;
  });
  expect(full).toEqual([false, false, false, false, false, true]);
});

it("is full after its bytes, at the end of a row group only", () => {
  const writer = writerWith({ fileBytes: 1 });
  const full = [0, 1, 2, 3].map((at) => {
    writer.add(rowOf(at));
    return writer.isFull;
  });
  expect(full).toEqual([false, false, true, false]);
});

it("writes the same bytes for the same rows, whole or taken in pieces", () => {
  const write = (taken: Uint8Array[] | null) => {
    const writer = writerWith();
    for (let at = 0; at < 10; at++) {
      writer.add(rowOf(at, { text: at % 2 === 0 ? null : `text ${at}` }));
      taken?.push(writer.takeBytes());
    }
    return writer.finish([{ key: "note", value: "x" }]);
  };
  const whole = write(null);
  const pieces: Uint8Array[] = [];
  const rest = write(pieces);
  expect(Buffer.concat([...pieces, rest.bytes])).toEqual(Buffer.from(whole.bytes));
  expect(Buffer.from(write(null).bytes)).toEqual(Buffer.from(whole.bytes));
});

it("returns the size of the footer, whose last 8 bytes are its length and the magic number", () => {
  const writer = writerWith();
  writer.add(rowOf(1));
  const { bytes, footerBytes, rows } = writer.finish();
  const end = Buffer.from(bytes).subarray(-8);
  expect(end.subarray(4).toString()).toBe("PAR1");
  expect(footerBytes).toBe(end.readUInt32LE(0) + 8);
  expect(rows).toBe(1);
});
