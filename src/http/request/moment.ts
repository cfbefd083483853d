import * as v from "valibot";
import { formatTimestamp, type Micros } from "../../model/time/time";

/** A moment as every answer carries it. */
export const MomentSchema = v.pipe(
  v.string(),
  v.regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/),
  v.description("ISO 8601, UTC, six decimals."),
);

/** A moment in seconds since 1970, as every answer carries it. */
export function formatSeconds(seconds: number): string {
  return formatTimestamp(seconds * 1_000_000);
}

/** From a moment to a later one, in seconds with six decimals. */
export function secondsBetween(from: Micros, to: Micros): number {
  return (to - from) / 1_000_000;
}
