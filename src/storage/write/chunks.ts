import { MAX_STATEMENT_BYTES } from "../../model/limits";

/** A row's JSON, computed once: it is measured, and then joined with other rows. */
export interface RowText {
  bytes: number;
  /** Another text that is sent once for all rows of a chunk that have it. */
  shared?: string;
}

/** Splits rows into chunks whose JSON, with the shared texts, fits into one bound parameter. */
export function* chunks<Text extends RowText>(texts: Iterable<Text>): Generator<Text[]> {
  let chunk: Text[] = [];
  let shared = new Set<string>();
  let bytes = 0;
  for (const text of texts) {
    let own = bytesOf(text, shared);
    if (chunk.length > 0 && bytes + own > MAX_STATEMENT_BYTES) {
      yield chunk;
      chunk = [];
      shared = new Set();
      bytes = 0;
      own = bytesOf(text, shared);
    }
    chunk.push(text);
    if (text.shared !== undefined) shared.add(text.shared);
    bytes += own;
  }
  if (chunk.length > 0) yield chunk;
}

/** A shared text is counted with the first row that has it, as three bytes a character. */
function bytesOf({ bytes, shared }: RowText, known: ReadonlySet<string>): number {
  return shared === undefined || known.has(shared) ? bytes : bytes + 3 * shared.length;
}

/** Joins JSON texts to the text of a JSON array. */
export function jsonArray(texts: readonly string[]): string {
  return `[${texts.join(",")}]`;
}
