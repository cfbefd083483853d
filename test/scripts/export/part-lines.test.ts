import { expect, test } from "vitest";
import { PartLines } from "../../../scripts/export/part-lines.ts";

const TRAILER = '{"export":{"events":2,"next":"/theeye/exports?cursor=c"}}\n';
const BODY = `{"a":"é"}\n{"b":"😀"}\n`;

/** The text that is written if a part arrives in chunks of some bytes. */
function written(lines: PartLines, text: string, chunkBytes: number): string {
  const bytes = Buffer.from(text);
  const found: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    // A copy, because what is passed on may be a view of the chunk.
    found.push(Buffer.from(lines.push(bytes.subarray(at, at + chunkBytes))));
  }
  return Buffer.concat(found).toString();
}

test.each([1, 2, 3, 7, 1_000])("passes on all lines but the trailer, in chunks of %i bytes", (chunkBytes) => {
  const lines = new PartLines(0, false);
  expect(written(lines, BODY + TRAILER, chunkBytes)).toBe(BODY);
  expect(lines.trailer()).toEqual({ events: 2, next: "/theeye/exports?cursor=c" });
});

test.each([1, 5, 1_000])(
  "measures the first line of a CSV file, and leaves it out of later parts: %i bytes",
  (chunkBytes) => {
    const text = 'sessión,name\r\ns,"a\r\nb"\r\n# {"export":{"events":1,"next":null}}\r\n';
    const first = new PartLines(0, true);
    const all = written(first, text, chunkBytes);
    expect(first.headerBytes).toBe(Buffer.byteLength("sessión,name\r\n"));
    expect(first.trailer()).toEqual({ events: 1, next: null });
    const later = new PartLines(first.headerBytes, false);
    expect(written(later, text, chunkBytes)).toBe(all.replace("sessión,name\r\n", ""));
    expect(later.trailer()).toEqual({ events: 1, next: null });
  },
);

test("a part without events has only its trailer", () => {
  const lines = new PartLines(0, false);
  expect(written(lines, '{"export":{"events":0,"next":null}}\n', 4)).toBe("");
  expect(lines.trailer()).toEqual({ events: 0, next: null });
});

test.each([
  ["nothing", ""],
  ["no trailer", BODY],
  ["half of its trailer", BODY + TRAILER.slice(0, 20)],
  ["only a trailer that may go on", '{"export":{"events":0,"next":null}}'],
  ["all but the last byte", BODY + TRAILER.slice(0, -1)],
  ["a trailer without a number", '{"export":{"events":"2","next":null}}\n'],
  ["null", "null\n"],
])("an answer is incomplete if it has %s", (_, text) => {
  const lines = new PartLines(0, false);
  written(lines, text, 3);
  expect(lines.trailer()).toBeNull();
});
