/**
 * Forms of a moment that a `timestamp` may not have, since they lack a part or belong to one tool, and that a repair can read:
 *
 * - a date: `2026-04-01`, `20260401`. Its moment is the beginning of the day in UTC
 * - an access log: `01/Apr/2026:10:00:00 +0200`
 * - mail (RFC 5322): `Wed, 1 Apr 2026 10:00:00 +0200`
 * - JavaScript's `Date.toString()`: `Wed Apr 01 2026 10:00:00 GMT+0200 (CEST)`
 */

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const TIME = String.raw`(?<time>\d{2}:\d{2}(?::\d{2})?)`;

const FORMS = [
  /^(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})$/,
  /^(?<year>\d{4})(?<month>\d{2})(?<day>\d{2})$/,
  new RegExp(String.raw`^\[?(?<day>\d{2})/(?<month>\w{3})/(?<year>\d{4}):${TIME} (?<zone>[+-]\d{4})\]?$`),
  new RegExp(
    String.raw`^(?:\w{3}, )?(?<day>\d{1,2}) (?<month>\w{3}) (?<year>\d{4}) ${TIME} (?<zone>[+-]\d{4}|GMT|UTC|UT|Z)$`,
  ),
  new RegExp(
    String.raw`^\w{3} (?<month>\w{3}) (?<day>\d{2}) (?<year>\d{4}) ${TIME} GMT(?<zone>[+-]\d{4})(?: \([^)]{1,40}\))?$`,
  ),
];

/** The moment in ISO 8601, or null if the text has none of these forms. Whether there is such a moment is not checked. */
export function isoOf(text: string): string | null {
  for (const form of FORMS) {
    const parts = form.exec(text)?.groups;
    if (parts === undefined) continue;
    const { year, month = "", day = "", time = "00:00", zone = "Z" } = parts;
    const number = /^\d/.test(month) ? month : String(MONTHS.indexOf(month) + 1).padStart(2, "0");
    return `${year}-${number}-${day.padStart(2, "0")}T${time}${/^[+-]/.test(zone) ? zone : "Z"}`;
  }
  return null;
}
