import { addSessionDurations, DurationTable } from "../../model/questions/sessions/duration-table";
import type { EntryTable } from "../../model/questions/sessions/entry-table";
import {
  addSessionWindow,
  noSessionCounts,
  type SessionCounts,
  type SessionWindow,
} from "../../model/questions/sessions/session-counts";
import { addSessionVisitors, VisitorTable, visitorHash } from "../../model/questions/sessions/visitor-table";
import type { Database } from "../core/databases";
import { windowOf } from "../partitions/partition";
import type { PartitionMap } from "../partitions/partition-map";
import { SAMPLE_KEYS } from "../partitions/sample-key";
import { findWindows, readEarlierEvents, type WantedWindow } from "./earlier-windows";
import { earlierThan, historyIn, historyOf, MAX_EARLIER, type SessionHistory } from "./session-history";
import { type ApplicationEvents, type CountedEvents, readWindowEvents } from "./window-events";

/** Sessions of all applications together. */
export const ALL_APPLICATIONS = "";

/** The expected events of a slice. Bounds what a Worker holds at a time. */
const EVENTS_PER_SLICE = 20_000;

/** Slices are a power of two, so that the bins of fingerprints (fingerprint.ts) lie within them. */
const MAX_SLICES = 256;

/** The most events in an hour that can be counted. */
export const MAX_EVENTS_OF_HOUR = EVENTS_PER_SLICE * MAX_SLICES;

/**
 * Earlier windows of all sessions whose events are read, besides the first and the last window of each: for durations, and
 * to tell applications apart. Each takes a seek for each of its slots.
 */
const MAX_FURTHER_READ = 50_000;

export interface WindowQuestion extends CountedEvents {
  /** Whether the sessions of each application are counted too. */
  isEach: boolean;
  /** Whether there are events of several applications. */
  hasSeveral: boolean;
  /** The first window of interest. */
  notBefore: number;
  /** The number of events, by the counts. */
  expected: number;
  /** Default MAX_FURTHER_READ. */
  mostFurther?: number;
  /** Called with the events of each slice. */
  onSlice?: (events: readonly ApplicationEvents[]) => Promise<void>;
}

/** What a window adds to the numbers of sessions. */
export interface WindowCounts extends SessionCounts<EntryTable> {
  /** These have a meaning only if the question has details. */
  durations: DurationTable;
  visitors: VisitorTable;
}

/** By application and window; ALL_APPLICATIONS for all together. */
export type CountedWindows = Map<string, Map<number, WindowCounts>>;

export function noWindowCounts(): WindowCounts {
  return { ...noSessionCounts(), durations: new DurationTable(), visitors: new VisitorTable() };
}

/**
 * Computes what some windows add to the numbers of sessions, from their events and from the earlier windows of their
 * sessions.
 *
 * @throws TooManySessions, DrizzleQueryError
 */
export async function countWindows(
  databases: readonly Database[],
  map: PartitionMap,
  question: WindowQuestion,
): Promise<CountedWindows> {
  const counted: CountedWindows = new Map();
  const budget = { left: question.mostFurther ?? MAX_FURTHER_READ };
  const share = SAMPLE_KEYS / slicesFor(question.expected);
  for (let low = 0; low < SAMPLE_KEYS; low += share) {
    const events = await readWindowEvents(databases, map, question, { low, high: low + share });
    const sessions = Map.groupBy(events, ({ session }) => session);
    const histories = await readHistories(databases, map, question, [...sessions.keys()], budget);
    for (const [session, own] of sessions) addSession(counted, question, own, histories.get(session) ?? NO_HISTORY);
    await question.onSlice?.(events);
  }
  return counted;
}

function slicesFor(expected: number): number {
  const wanted = Math.ceil(Math.log2(Math.max(1, expected / EVENTS_PER_SLICE)));
  return Math.min(MAX_SLICES, 2 ** wanted);
}

const NO_HISTORY = historyOf([]);

/** Reads what sessions have before the windows that are counted. Sessions that have nothing there are left out. */
async function readHistories(
  databases: readonly Database[],
  map: PartitionMap,
  question: WindowQuestion,
  sessions: readonly string[],
  budget: { left: number },
): Promise<Map<string, SessionHistory>> {
  const found = await findWindows(databases, map, sessions, {
    ...{ direction: "before", window: windowOf(question.from), notBefore: question.notBefore },
    most: MAX_EARLIER + 1,
  });
  const histories = new Map([...found].map(([session, windows]) => [session, historyOf(windows.keys())]));
  const wanted = [...histories].flatMap(([session, { windows }]): WantedWindow[] => {
    const isFurther = question.hasDetails || needsApplications(question);
    const further = isFurther ? Math.min(windows.length - 1, budget.left) : 0;
    budget.left -= further;
    // Ranges that start before the session need only its first window and its last.
    const known = isFurther && further < windows.length - 1 ? windows.slice(0, 1) : [];
    return [...known, ...windows.slice(-1 - further)].flatMap((window) => {
      const lane = found.get(session)?.get(window);
      return lane === undefined ? [] : [{ session, window, lane }];
    });
  });
  for (const earlier of await readEarlierEvents(wanted)) histories.get(earlier.session)?.events.push(earlier);
  return histories;
}

/** Whether it matters which applications the earlier events of a session are of. */
function needsApplications({ hasSeveral, isEach, applications }: WindowQuestion): boolean {
  return hasSeveral && (isEach || applications !== null);
}

function addSession(
  counted: CountedWindows,
  question: WindowQuestion,
  events: readonly ApplicationEvents[],
  history: SessionHistory,
): void {
  const own = (applications: readonly string[] | null) =>
    applications === null || !needsApplications(question) ? history : historyIn(history, applications);
  addWindows(counted, ALL_APPLICATIONS, events, own(question.applications));
  if (!question.isEach) return;
  for (const [application, theirs] of Map.groupBy(events, (one) => one.application)) {
    addWindows(counted, application, theirs, own([application]));
  }
}

function addWindows(
  counted: CountedWindows,
  application: string,
  events: readonly ApplicationEvents[],
  history: SessionHistory,
): void {
  const byWindow = counted.get(application) ?? new Map<number, WindowCounts>();
  counted.set(application, byWindow);
  const windows = [...Map.groupBy(events, ({ window }) => window)]
    .map(([window, some]) => summed(window, some))
    .sort((a, b) => a.window - b.window);
  for (const [place, own] of windows.entries()) {
    const counts = byWindow.get(own.window) ?? noWindowCounts();
    byWindow.set(own.window, counts);
    const earlier = earlierThan(history, windows, place);
    addSessionWindow(counts, own, earlier);
    addSessionDurations(counts.durations, own, earlier);
    addSessionVisitors(counts.visitors, own, earlier);
  }
}

/** @returns also the hashes of its visitors */
function summed(
  window: number,
  events: readonly ApplicationEvents[],
): SessionWindow & { visitors: ReadonlySet<number> } {
  return {
    window,
    events: events.reduce((sum, one) => sum + one.events, 0),
    first: Math.min(...events.map(({ first }) => first)),
    last: Math.max(...events.map(({ last }) => last)),
    visitors: new Set(events.flatMap(({ visitor }) => (visitor === null ? [] : [visitorHash(visitor)]))),
  };
}
