import { type SQL, sql } from "drizzle-orm";
import { jsonPathOf, type PropertyPath } from "../../model/event/property-path";
import { MAX_VALUE_CHARACTERS, valueText } from "../../model/event/property-value";
import { integer } from "../scan/event-order";

/** The most characters of a value in JSON that are read: an escape sequence has up to six for one. */
const MAX_JSON_CHARACTERS = 6 * MAX_VALUE_CHARACTERS + 2;

/**
 * A member as JSON, cut if it is long. Null if the event has none. SQLite returns a member's JSON in a third of the time that it needs to tell the type and to decode the
 * text.
 */
export function valueSql(path: PropertyPath): SQL {
  return sql`substr(e.data -> ${jsonPathOf(path)}, 1, ${integer(MAX_JSON_CHARACTERS)})`;
}

/** The text of a value that SQL returned; see `valueText`. */
export function textOfValue(json: string | null | undefined): string | null {
  return valueText(parseValue(json));
}

/** The number that SQL returned; null for texts and booleans. */
export function numberOfValue(json: string | null | undefined): number | null {
  const value = parseValue(json);
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** Of a text that was cut, at least the first MAX_VALUE_CHARACTERS. Null for objects and arrays that were cut. */
function parseValue(json: string | null | undefined): unknown {
  if (json === null || json === undefined) return null;
  if (json.length < MAX_JSON_CHARACTERS) {
    // Most values are such texts, and there are very many of them.
    if (json.startsWith('"') && !json.includes("\\")) return json.slice(1, -1);
    return JSON.parse(json);
  }
  if (!json.startsWith('"')) return null;
  const units = json.slice(1).match(UNIT_OF_JSON) ?? [];
  return JSON.parse(`"${units.slice(0, MAX_VALUE_CHARACTERS).join("")}"`);
}

/** A character of a JSON text, or the escape sequence of one. */
const UNIT_OF_JSON = /\\u[\da-f]{4}|\\[^u]|[^\\"]/giy;
