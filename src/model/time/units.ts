import type { Micros } from "./time";

/** Lengths of time. Days are days of UTC: those of a time zone may have 23 or 25 hours, see time-zone.ts. */
export const MINUTE_MICROS: Micros = 60_000_000;
export const HOUR_MICROS: Micros = 3_600_000_000;
export const DAY_MICROS: Micros = 86_400_000_000;

/** The start of a timestamp's minute, in seconds since 1970. */
export function minuteOf(moment: Micros): number {
  return Math.floor(moment / MINUTE_MICROS) * 60;
}

/** The start of a timestamp's hour, in seconds since 1970. */
export function hourOf(moment: Micros): number {
  return Math.floor(moment / HOUR_MICROS) * HOUR_SECONDS;
}

/** In seconds, as the buckets of counts are. */
export const HOUR_SECONDS = 3_600;
export const DAY_SECONDS = 86_400;
