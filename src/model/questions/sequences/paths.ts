/** An event on a path. */
export interface PathEvent {
  /** The event's node on the path: its type, or the value of a property. */
  key: string;
  isStart: boolean;
  isEnd: boolean;
}

/** The end of a path at the end of the session, or at its beginning if the path goes back in time. */
export const END = "(end)";

export interface PathQuestion {
  hasStart: boolean;
  hasEnd: boolean;
  /** Events after the first one. */
  depth: number;
}

/**
 * The keys of a session's path, by level; null if it has none. Level 0 is the first event that matches.
 *
 * - After: from the first event that matches the start, forward.
 * - Before: from the first event that matches the end, backward.
 * - Between: from the first event that matches the start to the first later one that matches the end; null if there is
 *   none.
 *
 * A path that is shorter than `depth` ends with END.
 */
export function pathOf(events: readonly PathEvent[], { hasStart, hasEnd, depth }: PathQuestion): string[] | null {
  const range = hasStart ? after(events, hasEnd) : before(events);
  if (range.length === 0) return null;
  const keys = range.slice(0, depth + 1).map(({ key }) => key);
  return range.length > depth ? keys : [...keys, END];
}

function after(events: readonly PathEvent[], hasEnd: boolean): readonly PathEvent[] {
  const start = events.findIndex(({ isStart }) => isStart);
  if (start === -1) return [];
  if (!hasEnd) return events.slice(start);
  const end = events.findIndex(({ isEnd }, place) => isEnd && place > start);
  return end === -1 ? [] : events.slice(start, end + 1);
}

function before(events: readonly PathEvent[]): readonly PathEvent[] {
  const end = events.findIndex(({ isEnd }) => isEnd);
  return events.slice(0, end + 1).toReversed();
}
