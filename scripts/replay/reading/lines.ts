import { isUtf8 } from "node:buffer";

/** Longer lines are not requests: servers refuse much shorter URLs and headers. */
export const MAX_LINE_BYTES = 256 * 1024;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

export interface Line {
  /** From 1. */
  number: number;
  /** Without its end and without a byte order mark. Null for a line of more than `MAX_LINE_BYTES`. */
  text: string | null;
  /** Whether the line is not UTF-8 and was decoded as Latin-1, in which every byte is a character. */
  isLatin1: boolean;
  /** False for a last line without a line feed: it may still be being written. */
  isEnded: boolean;
}

/**
 * Splits bytes into lines, and yields a list for each chunk. At most one unfinished line is kept, so memory does not grow
 * with the file.
 */
export async function* readLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Line[]> {
  let number = 0;
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  for await (const chunk of bytes) {
    const lines: Line[] = [];
    let begin = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, begin)) {
      const last = pendingBytes === 0 ? withoutNuls(chunk.subarray(begin, end)) : chunk.subarray(begin, end);
      const isTooLong = pendingBytes + last.length > MAX_LINE_BYTES;
      const whole = pending.length === 0 || isTooLong ? last : Buffer.concat([...pending, last]);
      lines.push(lineOf(++number, isTooLong ? null : whole, true));
      pending = [];
      pendingBytes = 0;
      begin = end + 1;
    }
    const kept = pendingBytes === 0 ? withoutNuls(chunk.subarray(begin)) : chunk.subarray(begin);
    if (kept.length > 0) {
      pendingBytes += kept.length;
      if (pendingBytes <= MAX_LINE_BYTES) pending.push(kept);
      else pending = [];
    }
    if (lines.length > 0) yield lines;
  }
  if (pendingBytes > 0) yield [lineOf(++number, pendingBytes > MAX_LINE_BYTES ? null : Buffer.concat(pending), false)];
}

function lineOf(number: number, bytes: Uint8Array | null, isEnded: boolean): Line {
  if (bytes === null) return { number, text: null, isLatin1: false, isEnded };
  const bare = bytes.at(-1) === CARRIAGE_RETURN ? bytes.subarray(0, -1) : bytes;
  const isLatin1 = !isUtf8(bare);
  const buffer = Buffer.from(bare.buffer, bare.byteOffset, bare.byteLength);
  const text = buffer.toString(isLatin1 ? "latin1" : "utf8");
  return { number, text: text.startsWith("\uFEFF") ? text.slice(1) : text, isLatin1, isEnded };
}

/** copytruncate leaves as many NULs at the cut as the file had bytes. */
function withoutNuls(bytes: Uint8Array): Uint8Array {
  let begin = 0;
  while (begin < bytes.length && bytes[begin] === 0) begin++;
  return begin === 0 ? bytes : bytes.subarray(begin);
}
