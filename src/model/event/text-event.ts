import { brokenByteAt } from "../json/broken-utf8";
import { jsonErrorIndex } from "../json/json-error";
import { excerpt } from "./event";

/** Characters that are searched for the first JSON error: 0.6 ms at most. */
const MAX_EXAMINED_CHARACTERS = 8_000;

/** The issue of an event that is a text, usually an NDJSON line that is not JSON; see ingest/parse-events.ts. */
export function textEventMessage(text: string): string {
  return `expected a JSON object, found ${foundIn(text)}`;
}

function foundIn(text: string): string {
  if (!text.trimStart().startsWith("{")) return excerpt(text);
  const examined = text.slice(0, MAX_EXAMINED_CHARACTERS);
  const brokenByte = brokenByteAt(examined);
  if (brokenByte !== null) return `a text that is not UTF-8 from column ${brokenByte + 1} on: ${excerpt(text)}`;
  const index = jsonErrorIndex(examined);
  if (index < examined.length) return `a text that is not JSON from column ${index + 1} on: ${excerpt(text)}`;
  if (examined.length < text.length) return `a text: ${excerpt(text)}`;
  return isJson(text) ? `one written as a text: ${excerpt(text)}` : `a text that ends too early: ${excerpt(text)}`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
