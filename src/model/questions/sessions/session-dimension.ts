import type { EventSource } from "../event-pattern";
import type { AskedProperty } from "../metric";

/**
 * The grouping of sessions: the application of their first event, or the type or a property of their first or last
 * event.
 */
export type SessionDimension = "application" | { edge: "entry" | "exit"; by: AskedProperty | null };

/** The first or last event of a session. */
export interface SessionEdge extends EventSource {
  /** Its value of the property by which sessions are grouped. */
  text: string | null;
}

/** What the group of a session is named by: the application, [category, name] or [value]. */
export function groupTexts(
  { first, last }: { first: SessionEdge; last: SessionEdge },
  groupBy: SessionDimension | null,
): (string | null)[] {
  if (groupBy === null) return [];
  if (groupBy === "application") return [first.application];
  const edge = groupBy.edge === "entry" ? first : last;
  return groupBy.by === null ? [edge.category, edge.name] : [edge.text];
}

/** How an answer names a group. */
export function groupMembers(
  texts: readonly (string | null)[],
  dimension: SessionDimension | null,
): Record<string, unknown> {
  if (dimension === null) return {};
  const [first = null, second = null] = texts;
  if (dimension === "application") return { application: first };
  return { [dimension.edge]: dimension.by === null ? { category: first, name: second } : first };
}
