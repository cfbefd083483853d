import { monthNumber } from "./months.ts";

/**
 * A time in microseconds since 1970-01-01T00:00:00Z. A double holds it exactly until the year 2255, and events may not
 * lie further in the future than the tolerance.
 */
export type Micros = number;

/** The forms that `parseTimestamp` accepts, for messages and documentation. */
export const TEXT_TIMESTAMP_FORMS =
  "2021-01-01 09:15:27.243860 (UTC), ISO 8601 such as 2021-01-01T09:15:27.243860+02:00 or 20210101T091527Z, or an HTTP date";

/** The forms that `momentOf` accepts, which are those of an event's `timestamp`. */
export const TIMESTAMP_FORMS = `${TEXT_TIMESTAMP_FORMS}; or a number of seconds, milliseconds or microseconds since 1970`;

/**
 * No form is longer. The limit makes a truncated event get the same verdict as the whole one; see
 * ingest/truncated-preview.ts.
 */
const MAX_TIMESTAMP_CHARACTERS = 64;

const ZONE = String.raw`\s?(?:[Zz]|([+-])(\d{2}):?(\d{2})?)?`;
const FRACTION = String.raw`(?:[.,](\d+))?`;

/** `2021-01-01 09:15:27.243860` and ISO 8601, extended format. */
const EXTENDED = new RegExp(String.raw`^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})${FRACTION})?${ZONE}$`);

/** `20210101T091527Z`: ISO 8601, basic format. */
const BASIC = new RegExp(String.raw`^(\d{4})(\d{2})(\d{2})[Tt](\d{2})(\d{2})(?:(\d{2})${FRACTION})?${ZONE}$`);

/** `Sun, 06 Nov 1994 08:49:37 GMT`: the IMF-fixdate of RFC 9110. The name of the day is redundant and not checked. */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/;

/** The first millisecond of the year 10000. */
const END_MILLIS = 253_402_300_800_000;

/**
 * Reads the `timestamp` of an event: a text in one of the forms of `parseTimestamp`, or a number of seconds (below
 * 1e11), milliseconds (below 1e14) or microseconds (below 1e17) since 1970, distinguished by magnitude. Decimals of
 * seconds and milliseconds are kept to the microsecond. They are exact until 2242, from when a double no longer
 * distinguishes microseconds.
 *
 * @returns microseconds since 1970, or null if the value has none of these forms
 */
export function momentOf(value: unknown): Micros | null {
  if (typeof value === "string") return parseTimestamp(value);
  return typeof value === "number" ? readNumber(value) : null;
}

/**
 * Parses a time from 1970 to 9999 in one of these forms:
 *
 * - `2021-01-01 09:15:27.243860`
 * - ISO 8601, extended: `2021-01-01T09:15:27.243860+02:00`, and basic: `20210101T091527.243860Z`
 * - an HTTP date: `Fri, 01 Jan 2021 09:15:27 GMT`
 *
 * Without a zone, the time is UTC. Seconds and their decimals are optional. Decimals after the sixth are cut off, and
 * the leap second `:60` is the second after `:59`. Digits alone are refused: `20260401` could be a date or a number.
 *
 * @returns microseconds since 1970, or null if the text has none of these forms or the date does not exist
 */
export function parseTimestamp(text: string): Micros | null {
  if (text !== latest.text) latest = { text, moment: readText(text) };
  return latest.moment;
}

/** The latest result. Validation, ordering and the fingerprint parse an event's timestamp one after the other. */
let latest: { text: string; moment: Micros | null } = { text: "", moment: null };

function readText(text: string): Micros | null {
  if (text.length > MAX_TIMESTAMP_CHARACTERS) return null;
  const iso = EXTENDED.exec(text) ?? BASIC.exec(text);
  if (iso !== null) {
    const [
      ,
      year,
      month,
      day,
      hour,
      minute,
      second = "0",
      fraction = "",
      sign,
      offsetHours = "0",
      offsetMinutes = "0",
    ] = iso;
    if (Number(offsetHours) > 23 || Number(offsetMinutes) > 59) return null;
    const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60_000 * (sign === "-" ? -1 : 1);
    const local = millisOf(Number(year), Number(month), Number(day), Number(hour), Number(minute), Number(second));
    return local === null ? null : microsOf(local - offset, fraction);
  }
  const http = HTTP_DATE.exec(text);
  if (http === null) return null;
  const [, day, month = "", year, hour, minute, second] = http;
  const millis = millisOf(Number(year), monthNumber(month), Number(day), Number(hour), Number(minute), Number(second));
  return millis === null ? null : microsOf(millis, "");
}

/** Milliseconds since 1970 of a date and time in UTC, or null if there is no such date and time. */
function millisOf(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number | null {
  if (year < 1970 || hour > 23 || minute > 59 || second > 60) return null;
  const midnight = Date.UTC(year, month - 1, day);
  // Date.UTC rolls 31 February over into March.
  const date = new Date(midnight);
  if (date.getUTCDate() !== day || date.getUTCMonth() !== month - 1) return null;
  return midnight + ((hour * 60 + minute) * 60 + second) * 1000;
}

function microsOf(millis: number, fraction: string): Micros | null {
  if (millis < 0 || millis >= END_MILLIS) return null;
  return millis * 1000 + Number(fraction.slice(0, 6).padEnd(6, "0"));
}

function readNumber(value: number): Micros | null {
  // Also false for NaN.
  if (!(value >= 0 && value < 1e17)) return null;
  const decimals = value < 1e11 ? 6 : value < 1e14 ? 3 : 0;
  // JavaScript writes smaller numbers with an exponent. They are less than a microsecond.
  if (value < 1e-6) return 0;
  if (Number.isInteger(value)) return value * 10 ** decimals;
  // Multiplication would turn 1609492527.24386 s into 1609492527243860.2 µs or another neighbour of the value sent.
  const [whole = "", fraction = ""] = String(value).split(".");
  return Number(whole) * 10 ** decimals + Number(fraction.slice(0, decimals).padEnd(decimals, "0"));
}

/** The texts of the last seconds, up to their decimals. The two times of an event and its neighbours mostly share a few. */
const secondTexts = Array.from({ length: 16 }, () => ({ second: Number.NaN, text: "" }));

/** ISO 8601 in UTC with six decimals: `2021-01-01T09:15:27.243860Z`. */
export function formatTimestamp(micros: Micros): string {
  const second = Math.floor(micros / 1_000_000);
  // The seven digits of 1,000,000 and the decimals keep the leading zeros, faster than padding does.
  const decimals = String(1_000_000 + micros - second * 1_000_000).slice(1);
  return `${textOfSecond(second)}${decimals}Z`;
}

function textOfSecond(second: number): string {
  const kept = secondTexts[second & 15];
  if (kept?.second === second) return kept.text;
  const text = new Date(second * 1_000).toISOString().slice(0, -4);
  if (kept !== undefined) Object.assign(kept, { second, text });
  return text;
}
