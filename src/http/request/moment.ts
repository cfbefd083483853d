import * as v from "valibot";
import { formatTimestamp, type Micros } from "../../model/time/time";

/** A time in an answer. */
export const MomentSchema = v.pipe(
  v.string(),
  v.regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/),
  v.description("ISO 8601, UTC, six decimals."),
);

/** Formats seconds since 1970 as a time in an answer. */
export function formatSeconds(seconds: number): string {
  return formatTimestamp(seconds * 1_000_000);
}

/** Seconds between two times, with six decimals. */
export function secondsBetween(from: Micros, to: Micros): number {
  return (to - from) / 1_000_000;
}
