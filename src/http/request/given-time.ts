import { type Micros, parseTimestamp, TEXT_TIMESTAMP_FORMS } from "../../model/time/time";

/** A date or time as a parameter of a URL gives it. `at` takes it for UTC, unless the text names a zone. */
export interface GivenTime {
  kind: "date" | "local" | "moment";
  at: Micros;
}

const BARE_DATE = /^\d{4}-\d{2}-\d{2}$/;
const ZONE = /[Tt ]\d.*(?:[Zz]|[+-]\d{2}:?(?:\d{2})?)$| GMT$/;

/** The accepted forms, for messages and descriptions. */
export const TIME_FORMS = `${TEXT_TIMESTAMP_FORMS}, or a date such as 2021-01-01`;

/**
 * Reads a date as its first microsecond, and a time as it stands.
 *
 * @returns null if the text has none of TIME_FORMS
 */
export function readGivenTime(text: string): GivenTime | null {
  const isDate = BARE_DATE.test(text);
  const given = isDate ? `${text} 00:00:00` : withOffsetSign(text);
  const at = parseTimestamp(given);
  if (at === null) return null;
  return { kind: isDate ? "date" : ZONE.test(given) ? "moment" : "local", at };
}

/** An unescaped plus sign in a URL is decoded as a space: `2021-01-01T09:15:27 02:00`. */
function withOffsetSign(given: string): string {
  return given.replace(/(\d:\d{2}\S*|[Tt]\d{4}\S*) (\d{2}:?(?:\d{2})?)$/, "$1+$2");
}
