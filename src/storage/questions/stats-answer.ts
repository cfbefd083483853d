import { compareTexts } from "../../model/compare-texts";
import type { Period } from "../../model/time/calendar";

/** A group's number over the whole period, and in each bucket. Null if there is nothing to divide or to choose from. */
export interface Line {
  total: number | null;
  values: (number | null)[];
}

export interface GroupLine extends Line {
  /** The group's texts, one for each dimension. Null if the event has no such property. */
  texts: (string | null)[];
}

export interface StatsAnswer {
  /** The shown groups, largest first. A single one if there are no dimensions. */
  groups: GroupLine[];
  /** The sum of all groups that are not shown. */
  other: Line & { groups: number };
  total: Line;
  accuracy: Accuracy;
}

/** How accurate an answer is. */
export type Accuracy =
  | { exact: true }
  | {
      exact: false;
      /** Periods whose counts by minute and events are no longer kept. Their events are left out. */
      unreadable?: Period[];
      /** The most by which each number may differ from the true one, as a share of it. */
      relative_error?: number;
      /** True if there are too many groups to keep apart: small ones may be missing and are then among the others. */
      groups_folded?: true;
    };

interface Inaccuracies {
  unreadable: readonly Period[];
  hasFolded?: boolean;
  /** Null if numbers are not rounded. */
  relativeError?: number | null;
}

/** How accurate an answer with these inaccuracies is. */
export function accuracyOf({ unreadable, hasFolded = false, relativeError = null }: Inaccuracies): Accuracy {
  if (unreadable.length === 0 && !hasFolded && relativeError === null) return { exact: true };
  return {
    exact: false,
    ...(relativeError === null ? {} : { relative_error: relativeError }),
    ...(hasFolded ? { groups_folded: true } : {}),
    ...(unreadable.length > 0 ? { unreadable: [...unreadable] } : {}),
  };
}

/** A query that would examine more events than the limit. */
export interface TooManyEvents {
  kind: "too_many_events";
  events: number;
}

/** Which groups an answer shows. */
export type Shown = { top: number } | { keys: readonly string[] };

/** A group of events: its texts, and a single text that combines them. */
export interface GroupName {
  texts: (string | null)[];
  key: string;
}

export function groupName(texts: (string | null)[]): GroupName {
  return { texts, key: JSON.stringify(texts) };
}

/** Orders groups by size, largest first, and groups of the same size by their texts. */
export function compareGroups(a: { size: number; key: string }, b: { size: number; key: string }): number {
  return b.size - a.size || compareTexts(a.key, b.key);
}
