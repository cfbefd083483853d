import { MAX_EVENTS_PER_REQUEST } from "../model/limits";
import { jsonErrorIndex, lineAndColumn } from "./json-error";
import { Refusal } from "./problem";

/**
 * Reads the events of a body: one JSON value, an array of them, or one a line (NDJSON). What a value is does not matter
 * here: an event that is not an object is accepted and ends among the errors, since it must not harm its neighbours.
 *
 * @returns 1 to MAX_EVENTS_PER_REQUEST values, or a refusal that names the line and column where the JSON breaks.
 */
export function parseEvents(text: string): unknown[] | Refusal {
  const whole = parse(text);
  if (whole === undefined) return parseLines(text);
  return Array.isArray(whole) ? bounded(whole.length, () => whole) : [whole];
}

function parseLines(text: string): unknown[] | Refusal {
  const lines = text.split("\n");
  const filled = lines.filter((line) => line.trim() !== "");
  if (filled.length === 0) return bounded(0, () => []);
  // Where the first line is no value by itself, the body was meant as one value over several lines.
  if (filled.length === 1 || parse(filled[0] ?? "") === undefined) {
    const index = jsonErrorIndex(text);
    return broken(lineAndColumn(text, index), index >= text.trimEnd().length);
  }
  return bounded(filled.length, () => valuesOf(lines));
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

/** The value, or undefined (which JSON cannot hold) where the text is not JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function bounded(actual: number, values: () => unknown[] | Refusal): unknown[] | Refusal {
  if (actual === 0) return new Refusal("empty_batch", "The body holds no event.");
  if (actual <= MAX_EVENTS_PER_REQUEST) return values();
  return new Refusal(
    "too_many_events",
    `A request may hold ${MAX_EVENTS_PER_REQUEST} events; this one holds ${actual}.`,
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
