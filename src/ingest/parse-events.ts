import { Refusal } from "../http/problem";
import type { BodyOfLines } from "../http/request/body";
import { isJsonObject } from "../model/event/event";
import { brokenByteAt } from "../model/json/broken-utf8";
import { jsonErrorIndex, lineAndColumn } from "../model/json/json-error";
import { MAX_BODY_BYTES, MAX_EVENTS_PER_REQUEST } from "../model/limits";

export interface ParsedEvents {
  /** 1 to MAX_EVENTS_PER_REQUEST JSON values. */
  events: unknown[];
  /** The events as the text of one JSON array, as sent. Null if they came as lines. */
  json: string | null;
}

/**
 * Parses the events of a body: one JSON value, an array of values, or one value per line (NDJSON). An event that is not
 * an object is accepted and ends among the errors, so that it does not affect its neighbours.
 *
 * For the same reason, an NDJSON line that is not JSON becomes an event: its text, as a string. A body that is not one
 * JSON value is NDJSON if its content type says so, or if its first non-blank line begins with `{` and it or another line
 * that begins so is a JSON object. A first line with control characters or broken bytes may be one too. Any other body is
 * refused.
 *
 * @returns the events, or a refusal that names the line and column of the JSON error
 */
export function parseEvents(text: string, contentType: string | null): ParsedEvents | Refusal {
  const whole = parse(text);
  if (whole === undefined) {
    const events = parseLines(text, namesLines(contentType));
    return events instanceof Refusal ? events : { events, json: null };
  }
  if (!Array.isArray(whole)) return { events: [whole], json: `[${text}]` };
  const events = bounded(whole.length, () => whole);
  return events instanceof Refusal ? events : { events, json: text };
}

/**
 * `parseEvents` of a body that may have bytes which are not UTF-8. A line with such a byte is not JSON and becomes an event
 * like any other malformed line. The body is refused if it is not NDJSON, or if no line of it begins as an object does.
 */
export function parseBodyOfLines(body: BodyOfLines, contentType: string | null): ParsedEvents | Refusal {
  const { text, notUtf8 } = body;
  const parsed = parseEvents(text, contentType);
  if (notUtf8 === null) return parsed;
  const isRefused = parsed instanceof Refusal ? parsed.code === "invalid_json" : !text.split("\n").some(beginsObject);
  if (!isRefused) return parsed;
  const place = lineAndColumn(text, brokenByteAt(text) ?? 0);
  return new Refusal("invalid_json", `${notUtf8} at line ${place.line}, column ${place.column}.`, place);
}

/** Characters of a request's malformed lines as JSON strings. Twice the body, since quotes are escaped. */
const MAX_TEXT_CHARACTERS = 2 * MAX_BODY_BYTES;

/** The content types used for NDJSON. None is registered. */
const NDJSON_TYPES = /^(?:application|text)\/(?:x-)?(?:ndjson|jsonl|jsonlines|json-lines)$/i;

function namesLines(contentType: string | null): boolean {
  const [mediaType = ""] = (contentType ?? "").split(";");
  return NDJSON_TYPES.test(mediaType.trim());
}

function parseLines(text: string, isNamed: boolean): unknown[] | Refusal {
  // Files that were joined have byte order marks within.
  const lines = text.split("\n").map((line) => line.replace(/^\uFEFF/, ""));
  const filled = lines.filter((line) => line.trim() !== "");
  const first = parse(filled[0] ?? "");
  const isNdjson = isNamed || isJsonObject(first) || areObjects(filled);
  // If the first line alone is not a value, the body was meant as one value over several lines.
  if (filled.length > 0 && !isNdjson && (filled.length === 1 || first === undefined)) {
    const index = jsonErrorIndex(text);
    return broken(lineAndColumn(text, index), index >= text.trimEnd().length);
  }
  return bounded(filled.length, () => (isNdjson ? linesAsEvents(filled) : valuesOf(lines)));
}

/**
 * Whether lines are objects although the first one is malformed. An object that is written over several lines has no line
 * that is one, unless that line is indented.
 */
function areObjects(lines: readonly string[]): boolean {
  const [first = ""] = lines;
  const mayBeObject = beginsObject(first) || (RUBBISH.test(first) && !first.startsWith("["));
  return mayBeObject && lines.length > 1 && lines.some((line) => isObjectAlone(line));
}

/** What a crash or another encoding leaves in a line: control characters and broken bytes. */
const RUBBISH = /[^\P{Cc}\s]|�\\x[0-9A-F]{2}/u;

const LEADING_RUBBISH = new RegExp(`^(?:${RUBBISH.source})+`, "u");

function beginsObject(line: string): boolean {
  return line.replace(LEADING_RUBBISH, "").startsWith("{");
}

function isObjectAlone(line: string): boolean {
  return line.startsWith("{") && isJsonObject(parse(line));
}

/** The value of each line, or the line itself if it is not JSON. */
function linesAsEvents(lines: readonly string[]): unknown[] | Refusal {
  let charactersOfTexts = 0;
  const events = lines.map((line) => {
    const value = parse(line);
    if (value !== undefined) return value;
    const text = line.replace(/\r$/, "");
    charactersOfTexts += JSON.stringify(text).length;
    return text;
  });
  // A control character or a broken byte takes one byte in the body and six characters in a JSON string.
  if (charactersOfTexts <= MAX_TEXT_CHARACTERS) return events;
  return new Refusal(
    "payload_too_large",
    "The lines that are not JSON are too large: they contain many control characters or bytes that are not UTF-8.",
    {
      limit: MAX_TEXT_CHARACTERS,
      actual: charactersOfTexts,
    },
  );
}

function valuesOf(lines: readonly string[]): unknown[] | Refusal {
  const values: unknown[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.trim() === "") continue;
    const value = parse(line);
    if (value === undefined) {
      const column = jsonErrorIndex(line);
      return broken({ line: index + 1, column: column + 1 }, column >= line.trimEnd().length);
    }
    values.push(value);
  }
  return values;
}

/** The value, or undefined, which JSON cannot contain, if the text is not JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function bounded(actual: number, values: () => unknown[] | Refusal): unknown[] | Refusal {
  if (actual === 0) return new Refusal("empty_batch", "The body contains no event.");
  if (actual <= MAX_EVENTS_PER_REQUEST) return values();
  return new Refusal(
    "too_many_events",
    `A request may contain at most ${MAX_EVENTS_PER_REQUEST} events; this one contains ${actual}.`,
    {
      limit: MAX_EVENTS_PER_REQUEST,
      actual,
    },
  );
}

function broken({ line, column }: { line: number; column: number }, early: boolean): Refusal {
  const what = early ? "ends too early" : "is not JSON";
  return new Refusal("invalid_json", `The body ${what} at line ${line}, column ${column}.`, { line, column });
}
