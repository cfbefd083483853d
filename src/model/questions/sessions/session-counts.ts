import type { Micros } from "../../time/time";
import { type Entries, type Entry, EntryTable } from "./entry-table";

/**
 * What a window of 15 minutes adds to the numbers of sessions of any range that contains it. A session belongs to the
 * bucket of its first event in the range, so what its events add depends on where the range begins. Windows are
 * numbered from 1970.
 *
 * The numbers of all windows of a range add up. A later event of a session never changes an earlier window: the later
 * window takes back what no longer holds.
 */
export interface SessionCounts<Table extends Entries = Entries> {
  /** Sessions and bounces. */
  starts: Table;
  /** Events, and the microseconds of durations. */
  sums: Table;
}

/** The events of a session in a window. */
export interface SessionWindow {
  window: number;
  events: number;
  first: Micros;
  last: Micros;
}

/** What is known of a session before a window. */
export interface EarlierWindows {
  /** The last earlier window with events. */
  previous: Pick<SessionWindow, "window" | "events" | "last"> | null;
  /** The windows with events before that one, ascending. */
  before: readonly number[];
  /** No window from this one on is missing in these. */
  completeFrom: number;
  /** The first event in each of these windows, as far as it is known. Only durations need it. */
  firsts: ReadonlyMap<number, Micros>;
}

/** The most entries of one kind that a window, hour or day keeps. */
export const MAX_ENTRIES = 2_000;

export function noSessionCounts(): SessionCounts<EntryTable> {
  return { starts: new EntryTable(), sums: new EntryTable() };
}

/** Adds a session that has events in the window. */
export function addSessionWindow(
  { starts, sums }: SessionCounts<EntryTable>,
  { window, events, first, last }: SessionWindow,
  { previous, before, completeFrom }: EarlierWindows,
): void {
  const none = completeFrom - 1;
  starts.add([window, previous?.window ?? none, 1, events === 1 ? 1 : 0]);
  sums.add([window, previous?.window ?? none, events, last - first]);
  sums.lackBefore(completeFrom);
  if (previous === null) {
    starts.lackBefore(completeFrom);
    return;
  }
  if (previous.events === 1) {
    // For ranges that begin after the events before it, it was a bounce until now.
    starts.add([previous.window, before.at(-1) ?? none, 0, -1]);
    if (before.length === 0) starts.lackBefore(completeFrom);
  }
  for (const [place, own] of [...before, previous.window].entries()) {
    sums.add([own, before[place - 1] ?? none, events, last - previous.last]);
  }
}

/** Adds the counts of a window or hour to those of the hour or day that begins with the window `first`. */
export function addWithin(total: SessionCounts<EntryTable>, own: SessionCounts, first: number): void {
  total.starts.addWithin(own.starts, first);
  total.sums.addWithin(own.sums, first);
}

/** The numbers of one bucket of an answer. */
export interface CountedSessions {
  sessions: number;
  bounces: number;
  events: number;
  micros: number;
}

export function noCountedSessions(): CountedSessions {
  return { sessions: 0, bounces: 0, events: 0, micros: 0 };
}

/**
 * Adds what a window, hour or day adds to a range that contains it.
 *
 * @param first the first window of the range
 * @param bucketAt the bucket that contains a window
 */
export function addToRange(
  { starts, sums }: SessionCounts,
  first: number,
  bucketAt: (window: number) => CountedSessions | undefined,
): void {
  for (const [bucket, sessions, bounces] of within(starts, first, bucketAt)) {
    bucket.sessions += sessions;
    bucket.bounces += bounces;
  }
  for (const [bucket, events, micros] of within(sums, first, bucketAt)) {
    bucket.events += events;
    bucket.micros += micros;
  }
}

function* within(
  table: Entries,
  first: number,
  bucketAt: (window: number) => CountedSessions | undefined,
): Generator<[CountedSessions, number, number]> {
  for (const [at, after, x, y] of table.entries()) {
    const bucket = after < first && first <= at ? bucketAt(at) : undefined;
    if (bucket !== undefined) yield [bucket, x, y];
  }
}

/** The stored form. */
interface HeldCounts {
  starts: Entry[];
  sums: Entry[];
  startsSince: number;
  sumsSince: number;
}

export function writeSessionCounts(counts: SessionCounts<EntryTable>): string {
  const [starts, sums] = [counts.starts.limited(MAX_ENTRIES), counts.sums.limited(MAX_ENTRIES)];
  const held: HeldCounts = {
    ...{ starts: starts.entries(), sums: sums.entries() },
    ...{ startsSince: starts.since, sumsSince: sums.since },
  };
  return JSON.stringify(held);
}

export function readSessionCounts(text: string): SessionCounts {
  const { starts, sums, startsSince, sumsSince }: HeldCounts = JSON.parse(text);
  return {
    starts: { entries: () => starts, since: startsSince },
    sums: { entries: () => sums, since: sumsSince },
  };
}
