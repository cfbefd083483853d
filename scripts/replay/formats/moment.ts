import { type Micros, momentOf, parseTimestamp } from "../../../src/model/time/time.ts";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `05/Mar/2026:15:00:03 +0100`, the time of the common log format. */
const COMMON =
  /^(\d{1,2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))?(?: ?([+-]\d{2}):?(\d{2}))?$/;

/** `2026/03/05 15:00:03.120`, as Go's log package and Caddy's `wall` write it. */
const SLASHED = /^(\d{4})\/(\d{2})\/(\d{2})([T ].*)$/;

/** Parses the time of the common log format. Without a zone it is UTC. Null for a time that does not exist. */
export function commonLogMoment(text: string): Micros | null {
  const match = COMMON.exec(text);
  if (match === null) return null;
  const [, day = "", month = "", year, hour, minute, second, fraction, offsetHours, offsetMinutes] = match;
  const number = String(MONTHS.indexOf(month) + 1).padStart(2, "0");
  const zone = offsetHours === undefined ? "Z" : `${offsetHours}:${offsetMinutes}`;
  const decimals = fraction === undefined ? "" : `.${fraction}`;
  return parseTimestamp(`${year}-${number}-${day.padStart(2, "0")}T${hour}:${minute}:${second}${decimals}${zone}`);
}

/** Parses a time in any form that JSON logs use: ISO 8601, the common log format, or a number since 1970. */
export function anyMoment(value: unknown): Micros | null {
  if (typeof value === "number") return momentOf(value);
  if (typeof value !== "string") return null;
  if (/^\d{9,17}(\.\d+)?$/.test(value)) return momentOf(Number(value));
  return commonLogMoment(value) ?? parseTimestamp(value.replace(SLASHED, "$1-$2-$3$4"));
}
