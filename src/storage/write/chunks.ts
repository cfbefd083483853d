import { MAX_STATEMENT_BYTES } from "../../model/limits";

/** A row's JSON, computed once: it is measured, and then joined with other rows. */
export interface RowText {
  bytes: number;
}

/** Splits rows into chunks whose JSON fits into one bound parameter. */
export function* chunks<Text extends RowText>(texts: Iterable<Text>): Generator<Text[]> {
  let chunk: Text[] = [];
  let bytes = 0;
  for (const text of texts) {
    if (chunk.length > 0 && bytes + text.bytes > MAX_STATEMENT_BYTES) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(text);
    bytes += text.bytes;
  }
  if (chunk.length > 0) yield chunk;
}

/** Joins JSON texts to the text of a JSON array. */
export function jsonArray(texts: readonly string[]): string {
  return `[${texts.join(",")}]`;
}
