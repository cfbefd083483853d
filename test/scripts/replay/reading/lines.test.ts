import fc from "fast-check";
import { expect, test } from "vitest";
import { type Line, MAX_LINE_BYTES, readLines } from "../../../../scripts/replay/reading/lines.ts";

async function read(...chunks: (string | Uint8Array)[]): Promise<Line[]> {
  async function* bytes() {
    for (const chunk of chunks) yield typeof chunk === "string" ? Buffer.from(chunk) : chunk;
  }
  const lines: Line[] = [];
  for await (const list of readLines(bytes())) lines.push(...list);
  return lines;
}

const texts = (lines: Line[]) => lines.map(({ text }) => text);

test("splits at line feeds, with or without a carriage return; a final line feed does not begin a line", async () => {
  expect(texts(await read("a\r\nb\n"))).toEqual(["a", "b"]);
  expect(texts(await read("a\n\n"))).toEqual(["a", ""]);
  expect(await read("")).toEqual([]);
  expect((await read("a\nb")).map(({ number, isEnded }) => [number, isEnded])).toEqual([
    [1, true],
    [2, false],
  ]);
});

test("gives the same lines, however the bytes are divided into chunks", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: "grapheme", maxLength: 20 }).map((text) => text.replace(/[\r\n\0\uFEFF]/g, "x"))),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      async (lines, sizes) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
        const chunks: Uint8Array[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = sizes[turn % sizes.length] ?? 1;
          chunks.push(bytes.subarray(at, at + size));
          at += size;
        }
        expect(texts(await read(...chunks))).toEqual(lines);
      },
    ),
  );
});

test("removes a byte order mark", async () => {
  expect(texts(await read("\uFEFFa\n\uFEFFb\n"))).toEqual(["a", "b"]);
});

test("removes NULs that copytruncate left, however many", async () => {
  expect(texts(await read(new Uint8Array(MAX_LINE_BYTES), new Uint8Array(MAX_LINE_BYTES), "\0\0a\n\0b\n"))).toEqual([
    "a",
    "b",
  ]);
});

test("reads a line that is not UTF-8 as Latin-1, and marks it", async () => {
  const lines = await read(Buffer.from("caf\xe9\n", "latin1"), "café\n");
  expect(lines.map(({ text, isLatin1 }) => [text, isLatin1])).toEqual([
    ["café", true],
    ["café", false],
  ]);
});

test("a line longer than the limit has no text, and its neighbours are read", async () => {
  const long = "x".repeat(MAX_LINE_BYTES / 2 + 1);
  expect(texts(await read("a\n", long, long, "\nb\n"))).toEqual(["a", null, "b"]);
  expect(texts(await read("a\n", long, long))).toEqual(["a", null]);
});
