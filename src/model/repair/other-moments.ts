import { monthDigits } from "../time/months";

/**
 * Forms of a time that a repair can read. A `timestamp` may not have them, because they lack a part or belong to one tool:
 *
 * - a date: `2026-04-01`, `2026/04/01`, `20260401`. It means the beginning of the day in UTC
 * - fourteen digits: `20260401100000`
 * - a date with slashes and a time, as Go's log package and nginx write it: `2026/04/01 10:00:00`
 * - Ruby, SQL and Go: `2026-04-01 10:00:00 UTC`, `2026-04-01 10:00:00.123456789 +0200 CEST`
 * - Java and `Temporal` (RFC 9557): `2026-04-01T10:00:00+02:00[Europe/Paris]`
 * - an access log: `01/Apr/2026:10:00:00 +0200`
 * - mail (RFC 5322): `Wed, 1 Apr 2026 10:00:00 +0200`
 * - the older HTTP dates (RFC 9110): `Wednesday, 01-Apr-26 10:00:00 GMT`, `Wed Apr  1 10:00:00 2026`
 * - JavaScript's `Date.toString()`: `Wed Apr 01 2026 10:00:00 GMT+0200 (CEST)`
 */

const TIME = String.raw`(?<time>\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)`;

const FORMS = [
  /^(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})$/,
  /^(?<year>\d{4})(?<month>\d{2})(?<day>\d{2})$/,
  new RegExp(String.raw`^(?<year>\d{4})/(?<month>\d{2})/(?<day>\d{2})(?:[ T]${TIME})?$`),
  new RegExp(
    String.raw`^(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})[ T]${TIME} ?(?<zone>[+-]\d{2}:?\d{2}|Z|UTC|GMT)` +
      String.raw`(?: (?:[A-Z]{1,5}|[+-]\d{2,4}))?(?: m=[+-][\d.]{1,30})?(?:\[[^\]]{1,64}\])?$`,
  ),
  new RegExp(String.raw`^\[?(?<day>\d{2})/(?<month>\w{3})/(?<year>\d{4}):${TIME} (?<zone>[+-]\d{4})\]?$`),
  new RegExp(
    String.raw`^(?:\w{3}, )?(?<day>\d{1,2}) (?<month>\w{3}) (?<year>\d{4}) ${TIME} (?<zone>[+-]\d{4}|GMT|UTC|UT|Z)$`,
  ),
  new RegExp(String.raw`^[A-Z][a-z]{5,8}, (?<day>\d{2})-(?<month>\w{3})-(?<shortYear>\d{2}) ${TIME} GMT$`),
  new RegExp(String.raw`^\w{3} (?<month>\w{3}) (?<day>[ \d]\d) ${TIME} (?<year>\d{4})$`),
  new RegExp(
    String.raw`^\w{3} (?<month>\w{3}) (?<day>\d{2}) (?<year>\d{4}) ${TIME} GMT(?<zone>[+-]\d{4})(?: \([^)]{1,40}\))?$`,
  ),
];

const FOURTEEN_DIGITS = /^(\d{8})(\d{6})$/;

/** A year of two digits below this one is in this century. */
const FIRST_YEAR_OF_1900S = 70;

/** The time in ISO 8601, or null if the text has none of these forms. Does not check that the time exists. */
export function isoOf(text: string): string | null {
  const [, date, clock] = FOURTEEN_DIGITS.exec(text) ?? [];
  if (date !== undefined) return `${date}T${clock}Z`;
  for (const form of FORMS) {
    const parts = form.exec(text)?.groups;
    if (parts === undefined) continue;
    const { shortYear = "", month = "", day = "", time = "00:00", zone = "Z" } = parts;
    const year = parts.year ?? `${Number(shortYear) < FIRST_YEAR_OF_1900S ? "20" : "19"}${shortYear}`;
    const number = /^\d/.test(month) ? month : monthDigits(month);
    return `${year}-${number}-${day.trim().padStart(2, "0")}T${time}${/^[+-]/.test(zone) ? zone : "Z"}`;
  }
  return null;
}
