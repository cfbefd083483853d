import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { fileKind, KIND_BYTES } from "../../../../scripts/replay/reading/file-kind.ts";

test("text is read directly, and gzip is decompressed, whatever the name", () => {
  expect(fileKind(Buffer.from("203.0.113.7 - -"))).toEqual({ readable: "plain" });
  expect(fileKind(gzipSync("text"))).toEqual({ readable: "gzip" });
  expect(fileKind(Buffer.alloc(0))).toEqual({ readable: "plain" });
});

test.each<[string, Buffer]>([
  ["zstd -dc", Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0])],
  ["xz -dc", Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0])],
  ["bzip2 -dc", Buffer.from("BZh9")],
  ["unzip -p", Buffer.from([0x50, 0x4b, 3, 4])],
  ["iconv -f UTF-16", Buffer.from([0xff, 0xfe, 0x41, 0])],
  ["tar -xOf", Buffer.from(`${"x".repeat(257)}ustar\0`)],
])("other kinds are refused with a message that says what to run: %s", (command, head) => {
  expect(head.length).toBeLessThanOrEqual(KIND_BYTES);
  expect(fileKind(head)).toMatchObject({ readable: null, problem: expect.stringContaining(command) });
});
