/** `\"`, `\\`, or a run of bytes that a server wrote as `\x22`. */
const ESCAPES = /\\(["\\])|((?:\\x[0-9A-Fa-f]{2})+)/g;

/** What is no text: control characters, and the sign for bytes that could not be decoded. */
const UNPRINTABLE = /[\p{Cc}\uFFFD]/u;

/**
 * Undoes what servers do to the text between quotes: `\"`, `\\` and `\x22`. Bytes that are no printable text, such as those
 * of a TLS handshake, stay as they were logged.
 */
export function unescapeQuoted(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(ESCAPES, (_, character?: string, bytes?: string) => character ?? decodeBytes(bytes ?? ""));
}

function decodeBytes(run: string): string {
  const decoded = Buffer.from(run.replaceAll("\\x", ""), "hex").toString("utf8");
  return UNPRINTABLE.test(decoded) ? run : decoded;
}

/** The places of quotes that no backslash escapes, from `begin` on. */
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
