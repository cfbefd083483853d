import { monthDigits } from "../../../../src/model/time/months.ts";
import { type Micros, momentOf, parseTimestamp } from "../../../../src/model/time/time.ts";

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
  const zone = offsetHours === undefined ? "Z" : `${offsetHours}:${offsetMinutes}`;
  const decimals = fraction === undefined ? "" : `.${fraction}`;
  return parseTimestamp(
    `${year}-${monthDigits(month)}-${day.padStart(2, "0")}T${hour}:${minute}:${second}${decimals}${zone}`,
  );
}

/** Below, a number is in microseconds or a larger unit; as nanoseconds it would be before 1973. */
const MIN_NANOS = 1e17;
const NANOS_PER_MICRO = 1_000;

/**
 * Parses a time in any form that JSON logs use: ISO 8601, the common log format, or a number since 1970, in a unit that its
 * magnitude shows: seconds, milliseconds, microseconds or nanoseconds.
 */
export function anyMoment(value: unknown): Micros | null {
  if (typeof value === "number") return momentOf(value < MIN_NANOS ? value : Math.floor(value / NANOS_PER_MICRO));
  if (typeof value !== "string") return null;
  // A double does not hold 19 digits.
  if (/^\d{18,19}$/.test(value)) return momentOf(Number(value.slice(0, -3)));
  if (/^\d{9,17}(\.\d+)?$/.test(value)) return momentOf(Number(value));
  return commonLogMoment(value) ?? parseTimestamp(value.replace(SLASHED, "$1-$2-$3$4"));
}
