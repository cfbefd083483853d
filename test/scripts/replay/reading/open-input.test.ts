import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { inputProblem, openInput } from "../../../../scripts/replay/reading/open-input.ts";
import { UnreadableFile } from "../../../../scripts/replay/stopped.ts";

const folder = mkdtempSync(join(tmpdir(), "the-eye-input-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function* standardInput(...chunks: Uint8Array[]) {
  yield* chunks;
}

async function textOf(name: string, ...chunks: Uint8Array[]): Promise<string> {
  const input = await openInput(name, standardInput(...chunks));
  const parts: Uint8Array[] = [];
  for await (const part of input.bytes) parts.push(part);
  return Buffer.concat(parts).toString();
}

const TEXT = "line\n".repeat(500);

test("gzip is recognised by its first bytes, whatever the name", async () => {
  expect(await textOf(file("plain.gz", TEXT))).toBe(TEXT);
  expect(await textOf(file("packed.log", gzipSync(TEXT)))).toBe(TEXT);
  expect(await textOf(file("empty.log", ""))).toBe("");
});

test("several gzip members, as written by `cat a.gz b.gz`, are one file", async () => {
  expect(await textOf(file("two.gz", Buffer.concat([gzipSync("a\n"), gzipSync("b\n")])))).toBe("a\nb\n");
});

test("reads standard input, plain and gzip, however small the chunks", async () => {
  expect(await textOf("-", Buffer.from("a"), Buffer.from("b\n"))).toBe("ab\n");
  const packed = gzipSync(TEXT);
  expect(await textOf("-", ...Array.from(packed, (_, index) => packed.subarray(index, index + 1)))).toBe(TEXT);
});

test("counts bytes before decompression", async () => {
  const packed = gzipSync(TEXT);
  let count = 0;
  const input = await openInput(file("counted.gz", packed), standardInput(), (bytes) => {
    count += bytes;
  });
  for await (const _ of input.bytes);
  expect(count).toBe(packed.length);
});

test("a damaged gzip file yields its readable lines, then fails with a message", async () => {
  const input = await openInput(file("damaged.gz", gzipSync(TEXT).subarray(0, -6)), standardInput());
  await expect(async () => {
    for await (const _ of input.bytes);
  }).rejects.toThrow(/damaged.*no line is stored twice/);
});

const TAR = new Uint8Array(512);
TAR.set(Buffer.from("ustar"), 257);

test.each([
  ["zstd", new Uint8Array([0x28, 0xb5, 0x2f, 0xfd]), /zstd -dc .*zstd \| npm run replay -- -/],
  ["xz", new Uint8Array([0xfd, 0x37, 0x7a, 0x58, 0x5a]), /xz -dc/],
  ["bzip2", Buffer.from("BZh9"), /bzip2 -dc/],
  ["zip", new Uint8Array([0x50, 0x4b, 3, 4]), /unzip -p/],
  ["utf16", new Uint8Array([0xff, 0xfe, 0x41, 0]), /iconv -f UTF-16/],
  ["tar", TAR, /tar -xOf/],
])("%s is refused before anything is sent, with what to run instead", async (name, bytes, message) => {
  expect(inputProblem(file(name, bytes))).toMatch(message);
  await expect(openInput("-", standardInput(bytes))).rejects.toThrow(UnreadableFile);
});

test("a tar archive within gzip, and gzip within gzip, are refused", async () => {
  await expect(openInput(file("a.tgz", gzipSync(TAR)), standardInput())).rejects.toThrow(/tar -xOf/);
  await expect(openInput(file("twice.gz", gzipSync(gzipSync("a"))), standardInput())).rejects.toThrow(
    /compressed twice/,
  );
});

test("a folder and a file that does not exist are refused with a sentence", () => {
  expect(inputProblem(folder)).toMatch(/is a folder\. Name its files/);
  expect(inputProblem(join(folder, "none.log"))).toMatch(/none\.log does not exist\./);
  expect(inputProblem("-")).toBeNull();
});
