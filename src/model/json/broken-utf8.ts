/**
 * Reads bytes that are not all UTF-8. Each byte that belongs to no character becomes `�\x` with its two hexadecimal
 * digits, such as `�\xFC`. JSON has no escape `\x`, and `�` follows nothing that it could be escaped by, so a JSON text
 * with such a byte never parses. Nothing is lost, and the rest stays readable.
 */
export function readBrokenUtf8(bytes: Uint8Array): string {
  const written = new Uint8Array(bytes.length * ESCAPE_BYTES);
  let end = 0;
  for (let index = 0; index < bytes.length; ) {
    const length = characterLength(bytes, index);
    const next = length === 0 ? escapeOf(bytes[index] ?? 0) : bytes.subarray(index, index + length);
    written.set(next, end);
    end += next.length;
    index += Math.max(length, 1);
  }
  return utf8.decode(written.subarray(0, end));
}

const utf8 = new TextDecoder();

/** The UTF-8 of `�\x`. */
const ESCAPE = [0xef, 0xbf, 0xbd, 0x5c, 0x78];

const ESCAPE_BYTES = ESCAPE.length + 2;

function escapeOf(byte: number): number[] {
  const digits = byte.toString(16).toUpperCase().padStart(2, "0");
  return [...ESCAPE, digits.charCodeAt(0), digits.charCodeAt(1)];
}

const BROKEN_BYTE = /�\\x[0-9A-F]{2}/;

/** The index of the first broken byte in a text of readBrokenUtf8, or null. */
export function brokenByteAt(text: string): number | null {
  const index = text.search(BROKEN_BYTE);
  return index === -1 ? null : index;
}

/**
 * The bytes of the character at `index`, or 0 if its bytes are not UTF-8 (The Unicode Standard, table 3-7: no overlong
 * forms, no surrogates, nothing above U+10FFFF).
 */
function characterLength(bytes: Uint8Array, index: number): number {
  const lead = bytes[index] ?? 0;
  if (lead < 0x80) return 1;
  const [length, lowest, highest] = shapeOf(lead);
  const second = bytes[index + 1] ?? 0;
  if (length === 0 || second < lowest || second > highest) return 0;
  for (let place = 2; place < length; place++) {
    if (((bytes[index + place] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  return length;
}

/** The length of a character by its first byte, and the range of its second byte. */
function shapeOf(lead: number): [length: number, lowest: number, highest: number] {
  if (lead < 0xc2 || lead > 0xf4) return [0, 0, 0];
  if (lead < 0xe0) return [2, 0x80, 0xbf];
  if (lead < 0xf0) return [3, lead === 0xe0 ? 0xa0 : 0x80, lead === 0xed ? 0x9f : 0xbf];
  return [4, lead === 0xf0 ? 0x90 : 0x80, lead === 0xf4 ? 0x8f : 0xbf];
}
