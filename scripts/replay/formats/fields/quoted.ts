/** `\"`, `\\`, or a run of bytes that a server wrote as `\x22`. */
const ESCAPES = /\\(["\\])|((?:\\x[0-9A-Fa-f]{2})+)/g;

/** Not printable: control characters, and the replacement character of bytes that could not be decoded. */
const UNPRINTABLE = /[\p{Cc}\uFFFD]/u;

/**
 * Decodes the escapes that servers use between quotes: `\"`, `\\` and `\x22`. Bytes that are not printable text, such as
 * those of a TLS handshake, stay as they were logged.
 */
export function unescapeQuoted(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(ESCAPES, (_, character?: string, bytes?: string) => character ?? decodeBytes(bytes ?? ""));
}

function decodeBytes(run: string): string {
  const decoded = Buffer.from(run.replaceAll("\\x", ""), "hex").toString("utf8");
  return UNPRINTABLE.test(decoded) ? run : decoded;
}

/** The positions of unescaped quotes, from `begin` on. */
export function* quotesIn(text: string, begin = 0): Generator<number> {
  for (let index = text.indexOf('"', begin); index !== -1; index = text.indexOf('"', index + 1)) {
    if (!isEscaped(text, index)) yield index;
  }
}

function isEscaped(text: string, index: number): boolean {
  let backslashes = 0;
  while (text.charAt(index - 1 - backslashes) === "\\") backslashes++;
  return backslashes % 2 === 1;
}
