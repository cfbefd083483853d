/**
 * Moments in microseconds since 1970-01-01T00:00:00Z. A double holds them exactly until the year 2255, and no event
 * lies further in the future than the tolerance allows.
 */
export type Micros = number;

const PATTERN =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,6}))?)?\s?([Zz]|([+-])(\d{2}):?(\d{2})?)?$/;

/** What `parseTimestamp` takes, for messages and documentation. */
export const TIMESTAMP_FORMS = "2021-01-01 09:15:27.243860 (UTC) or ISO 8601, such as 2021-01-01T09:15:27.243860+02:00";

/**
 * Reads `2021-01-01 09:15:27.243860` (no zone means UTC) or ISO 8601 with or without an offset, with up to six
 * decimals of a second, from 1970 to 9999.
 *
 * @returns microseconds since 1970, or null if the text is not such a moment. A seventh decimal is refused rather than
 * dropped, and so is a date that does not exist.
 */
export function parseTimestamp(text: string): Micros | null {
  if (text !== latest.text) latest = { text, moment: readTimestamp(text) };
  return latest.moment;
}

/** The latest answer. An event's timestamp is read for its check, its order and its fingerprint, one after the other. */
let latest: { text: string; moment: Micros | null } = { text: "", moment: null };

function readTimestamp(text: string): Micros | null {
  const match = PATTERN.exec(text);
  if (match === null) return null;
  const [
    ,
    year,
    month,
    day,
    hour,
    minute,
    second = "0",
    fraction = "",
    ,
    sign,
    offsetHours = "0",
    offsetMinutes = "0",
  ] = match;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  if (Number(offsetHours) > 23 || Number(offsetMinutes) > 59) return null;
  const local = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  // Date.UTC rolls 31 February over into March, and takes years below 100 for 19xx.
  const date = new Date(local);
  if (date.getUTCDate() !== Number(day) || date.getUTCMonth() !== Number(month) - 1) return null;
  const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60_000 * (sign === "-" ? -1 : 1);
  const millis = local - offset;
  if (millis < 0 || Number(year) < 1970) return null;
  return millis * 1000 + Number(fraction.padEnd(6, "0"));
}

/** ISO 8601 in UTC with six decimals: `2021-01-01T09:15:27.243860Z`. */
export function formatTimestamp(micros: Micros): string {
  const millis = Math.floor(micros / 1000);
  const rest = String(micros - millis * 1000).padStart(3, "0");
  return new Date(millis).toISOString().replace("Z", `${rest}Z`);
}
