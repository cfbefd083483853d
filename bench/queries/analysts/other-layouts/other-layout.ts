import type { Micros } from "../../../../src/model/time/time.ts";
import type { Elsewhere } from "../analyst-questions.ts";

/** How another service stores the same events, as tables of SQLite. */
export interface OtherLayout {
  name: "Umami" | "PostHog";
  /** A table that only this layout has. */
  ownTable: string;
  tables: readonly string[];
  /** Fill the tables from `FROM`. */
  inserts: readonly string[];
  /** Statements after the last event: indexes and statistics. */
  afterwards: readonly string[];
  /** The service's own query for each question. */
  queries(ranges: OtherRanges): Record<Elsewhere, string>;
}

/**
 * Stands for the events of The Eye in a statement of `inserts`, as `e`: with session_id and id as bytes, occurred_at,
 * received_at, application, category, name, and data as JSON.
 */
export const FROM = "FROM the events AS e";

/** Ranges of time, both ends inclusive. */
export interface OtherRanges {
  day: Range;
  month: Range;
}

export interface Range {
  from: Micros;
  to: Micros;
}
