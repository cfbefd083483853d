/** Number of bytes that determine the kind of a file: the magic number of a tar archive ends here. */
export const KIND_BYTES = 263;

/** The kind of a file, by its first bytes: a readable one, or a description of what it is instead. */
export type FileKind = { readable: "plain" | "gzip" } | { readable: null; problem: string };

const PIPE = "| npm run replay -- -";

/** Kinds that are not text, with what to do. The numbers are the first bytes. */
const OTHERS: readonly [bytes: readonly number[], problem: string][] = [
  [[0x28, 0xb5, 0x2f, 0xfd], `is compressed with zstd. Run: zstd -dc FILE ${PIPE}`],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], `is compressed with xz. Run: xz -dc FILE ${PIPE}`],
  [[0x42, 0x5a, 0x68], `is compressed with bzip2. Run: bzip2 -dc FILE ${PIPE}`],
  [[0x50, 0x4b, 0x03, 0x04], `is a zip archive. Run: unzip -p FILE ${PIPE}`],
  [[0x50, 0x41, 0x52, 0x31], "is a Parquet file. Export it as text first."],
  [[0xff, 0xfe], `is UTF-16 text. Run: iconv -f UTF-16 -t UTF-8 FILE ${PIPE}`],
  [[0xfe, 0xff], `is UTF-16 text. Run: iconv -f UTF-16 -t UTF-8 FILE ${PIPE}`],
];

const TAR_OFFSET = 257;

/** Detects the kind of a file by its first bytes, whatever its name. */
export function fileKind(head: Uint8Array): FileKind {
  if (head[0] === 0x1f && head[1] === 0x8b) return { readable: "gzip" };
  for (const [bytes, problem] of OTHERS) {
    if (bytes.every((byte, index) => head[index] === byte)) return { readable: null, problem };
  }
  if (Buffer.from(head.subarray(TAR_OFFSET, TAR_OFFSET + 5)).toString("latin1") === "ustar") {
    return { readable: null, problem: `is a tar archive. Run: tar -xOf FILE ${PIPE}` };
  }
  return { readable: "plain" };
}
