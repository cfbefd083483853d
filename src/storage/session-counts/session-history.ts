import type { EarlierWindows, SessionWindow } from "../../model/questions/sessions/session-counts";
import type { Micros } from "../../model/time/time";
import type { EarlierEvents } from "./earlier-windows";

/** Earlier windows of a session that are kept: a day without a pause. */
export const MAX_EARLIER = 96;

/** The windows in which a session had events before those that are counted. */
export interface SessionHistory {
  /** The last ones, ascending. */
  windows: readonly number[];
  /** No window from this one on is missing. */
  completeFrom: number;
  /** What is known of the events in some of the windows: of the last one, and of others if durations or applications matter. */
  events: EarlierEvents[];
}

/** @param found the windows, in any order; at most MAX_EARLIER + 1 of each lane */
export function historyOf(found: Iterable<number>): SessionHistory {
  const all = [...found].sort((a, b) => a - b);
  const windows = all.slice(-MAX_EARLIER);
  return { windows, completeFrom: all.length > MAX_EARLIER ? (windows[0] ?? 0) : 0, events: [] };
}

/** The history of the events of some applications, as far as the windows' events are known. */
export function historyIn(
  { windows, completeFrom, events }: SessionHistory,
  applications: readonly string[],
): SessionHistory {
  const known = new Set(events.map(({ window }) => window));
  const own = events.filter(({ application }) => applications.includes(application));
  const ownWindows = new Set(own.map(({ window }) => window));
  const unknown = windows.findLast((window) => !known.has(window));
  const ownFrom = unknown === undefined ? completeFrom : unknown + 1;
  return {
    windows: windows.filter((window) => window >= ownFrom && ownWindows.has(window)),
    completeFrom: ownFrom,
    events: own,
  };
}

/**
 * What came before one of the windows that are counted.
 *
 * @param counted the session's windows among those that are counted, ascending
 * @param place the place of the window in `counted`
 */
export function earlierThan(history: SessionHistory, counted: readonly SessionWindow[], place: number): EarlierWindows {
  const { windows, completeFrom } = history;
  const previous = counted[place - 1];
  if (previous === undefined) return lastOf(history);
  const before = [...windows, ...counted.slice(0, place - 1).map(({ window }) => window)];
  const firsts = firstsOf(history);
  for (const { window, first } of counted.slice(0, place)) firsts.set(window, first);
  return { previous, before, completeFrom, firsts };
}

/** The first event in each window whose events are known. */
function firstsOf({ events }: SessionHistory): Map<number, Micros> {
  const firsts = new Map<number, Micros>();
  for (const { window, first } of events) firsts.set(window, Math.min(first, firsts.get(window) ?? first));
  return firsts;
}

function lastOf(history: SessionHistory): EarlierWindows {
  const { windows, completeFrom, events } = history;
  const last = windows.at(-1);
  const firsts = firstsOf(history);
  if (last === undefined) return { previous: null, before: [], completeFrom, firsts };
  const own = events.filter(({ window }) => window === last);
  // A window without events is one whose events were erased a moment ago.
  if (own.length === 0) return { previous: null, before: [], completeFrom: last + 1, firsts };
  const previous = {
    window: last,
    events: own.reduce((sum, one) => sum + one.events, 0),
    last: Math.max(...own.map((one) => one.last)),
  };
  return { previous, before: windows.slice(0, -1), completeFrom, firsts };
}
