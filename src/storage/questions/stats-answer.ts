import type { Period } from "../../model/time/calendar";

/** A group's number over the whole period, and in each bucket. Null: there is nothing to divide or to choose from. */
export interface Line {
  total: number | null;
  values: (number | null)[];
}

export interface GroupLine extends Line {
  /** The group's texts, one for each dimension. Null: the event has no such property. */
  texts: (string | null)[];
}

export interface StatsAnswer {
  /** The shown groups, the largest first. Without dimensions a single one. */
  groups: GroupLine[];
  /** What is not among the shown groups. */
  other: Line & { groups: number };
  total: Line;
  accuracy: Accuracy;
}

/** How far an answer can be relied on. */
export type Accuracy =
  | { exact: true }
  | {
      exact: false;
      /** Of which the counts by minute and the events are not kept any more. What they held is left out. */
      unreadable?: Period[];
      /** How far each number may be from the true one, as a share of it. */
      relative_error?: number;
      /** True if there are more groups than can be told apart: small ones may be missing, and stand among the others. */
      groups_folded?: true;
    };

/** Which groups an answer shows. */
export type Shown = { top: number } | { keys: readonly string[] };

/** A group of events by its texts, and these as one text. */
export interface GroupName {
  texts: (string | null)[];
  key: string;
}

export function groupName(texts: (string | null)[]): GroupName {
  return { texts, key: JSON.stringify(texts) };
}

/** Orders groups by size, the largest first, and groups of one size by their texts. */
export function compareGroups(a: { size: number; key: string }, b: { size: number; key: string }): number {
  return b.size - a.size || (a.key === b.key ? 0 : a.key < b.key ? -1 : 1);
}
