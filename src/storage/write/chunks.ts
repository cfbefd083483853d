import { MAX_STATEMENT_BYTES } from "../../model/limits";

/** A row's JSON, made once: it is measured, and then joined with its neighbours'. */
export interface RowText {
  bytes: number;
}

/** Cuts rows into chunks whose JSON stays below what one bound parameter may hold. */
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

/** Texts of JSON values as the text of one JSON array. */
export function jsonArray(texts: readonly string[]): string {
  return `[${texts.join(",")}]`;
}
