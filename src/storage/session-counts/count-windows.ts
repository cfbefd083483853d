import type { EntryTable } from "../../model/questions/sessions/entry-table";
import {
  addSessionWindow,
  noSessionCounts,
  type SessionCounts,
  type SessionWindow,
} from "../../model/questions/sessions/session-counts";
import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { windowOf } from "../partitions/partition";
import type { PartitionMap } from "../partitions/partition-map";
import { SAMPLE_KEYS } from "../partitions/sample-key";
import {
  type EarlierEvents,
  findWindows,
  readEarlierEvents,
  type SessionWindows,
  type WantedWindow,
} from "./earlier-windows";
import { type ApplicationEvents, type CountedEvents, readWindowEvents } from "./window-events";

/** Sessions of all applications together. */
export const ALL_APPLICATIONS = "";

/** The expected events of a slice. Bounds what a Worker holds at a time. */
const EVENTS_PER_SLICE = 20_000;

/** Slices are a power of two, so that the bins of fingerprints (fingerprint.ts) lie within them. */
const MAX_SLICES = 256;

/** The most events in an hour that can be counted. */
export const MAX_EVENTS_OF_HOUR = EVENTS_PER_SLICE * MAX_SLICES;

/** Earlier windows of a session that are looked up: a day without a pause. */
const MAX_EARLIER = 96;

/**
 * Beyond the last one before, those of all sessions whose events are read to find out which application they are of. Each
 * takes a seek for each of its slots.
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
  /** Called with the events of each slice. */
  onSlice?: (events: readonly ApplicationEvents[]) => Promise<void>;
}

/** Counts by application and window; ALL_APPLICATIONS for all together. */
export type CountedWindows = Map<string, Map<number, SessionCounts<EntryTable>>>;

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
  const budget = { left: MAX_FURTHER_READ };
  const slices = slicesFor(question.expected);
  for (let low = 0; low < SAMPLE_KEYS; low += SAMPLE_KEYS / slices) {
    const events = await readWindowEvents(databases, map, question, { low, high: low + SAMPLE_KEYS / slices });
    await addSlice(databases, map, { question, budget, events }, counted);
    await question.onSlice?.(events);
  }
  return counted;
}

function slicesFor(expected: number): number {
  const wanted = Math.ceil(Math.log2(Math.max(1, expected / EVENTS_PER_SLICE)));
  return Math.min(MAX_SLICES, 2 ** wanted);
}

interface SliceWork {
  question: WindowQuestion;
  budget: { left: number };
  events: readonly ApplicationEvents[];
}

async function addSlice(
  databases: readonly Database[],
  map: PartitionMap,
  { question, budget, events }: SliceWork,
  counted: CountedWindows,
): Promise<void> {
  const sessions = Map.groupBy(events, ({ session }) => session);
  const search = {
    ...{ direction: "before" as const, window: windowOf(question.from), notBefore: question.notBefore },
    most: MAX_EARLIER + 1,
  };
  const earlier = await findWindows(databases, map, [...sessions.keys()], search);
  const isByApplication = question.hasSeveral && (question.isEach || question.applications !== null);
  const histories = new Map([...earlier].map(([session, windows]) => [session, historyOf(windows)]));
  const wanted = [...histories].flatMap(([session, { windows, lanes }]): WantedWindow[] => {
    const further = isByApplication ? Math.min(windows.length - 1, budget.left) : 0;
    budget.left -= further;
    return windows.slice(windows.length - 1 - further).flatMap((window) => {
      const lane = lanes.get(window);
      return lane === undefined ? [] : [{ session, window, lane }];
    });
  });
  for (const found of await readEarlierEvents(wanted)) histories.get(found.session)?.events.push(found);
  for (const [session, own] of sessions) {
    const history = histories.get(session) ?? NO_HISTORY;
    addChain(counted, ALL_APPLICATIONS, own, ofApplications(history, isByApplication ? question.applications : null));
    if (!question.isEach) continue;
    for (const [application, theirs] of Map.groupBy(own, (one) => one.application)) {
      addChain(counted, application, theirs, ofApplications(history, isByApplication ? [application] : null));
    }
  }
}

/** The earlier windows of a session. */
interface History {
  /** Ascending. */
  windows: number[];
  lanes: SessionWindows;
  /** No window from this one on is missing. */
  completeFrom: number;
  /** Of the last of the windows. */
  events: EarlierEvents[];
}

const NO_HISTORY: History = { windows: [], lanes: new Map(), completeFrom: 0, events: [] };

function historyOf(lanes: SessionWindows): History {
  const all = [...lanes.keys()].sort((a, b) => a - b);
  const windows = all.slice(-MAX_EARLIER);
  return { windows, lanes, completeFrom: all.length > MAX_EARLIER ? (windows[0] ?? 0) : 0, events: [] };
}

/** @param applications null: all, which needs no events to know the windows */
function ofApplications(history: History, applications: readonly string[] | null): History {
  if (applications === null) return history;
  const read = new Set(history.events.map(({ window }) => window));
  const events = history.events.filter(({ application }) => applications.includes(application));
  const own = new Set(events.map(({ window }) => window));
  const windows = history.windows.filter((window) => own.has(window));
  const oldest = Math.min(...read);
  const isWhole = history.windows.every((window) => read.has(window));
  return { ...history, windows, events, completeFrom: isWhole ? history.completeFrom : oldest };
}

function addChain(
  counted: CountedWindows,
  application: string,
  events: readonly ApplicationEvents[],
  { windows, completeFrom, events: known }: History,
): void {
  const byWindow = counted.get(application) ?? new Map<number, SessionCounts<EntryTable>>();
  counted.set(application, byWindow);
  const own = [...Map.groupBy(events, ({ window }) => window)]
    .map(([window, some]) => ({ window, ...summed(some) }))
    .sort((a, b) => a.window - b.window);
  for (const [place, one] of own.entries()) {
    const counts = byWindow.get(one.window) ?? noSessionCounts();
    byWindow.set(one.window, counts);
    addSessionWindow(counts, one, earlierThan(own, place, windows, known, completeFrom));
  }
}

function earlierThan(
  own: readonly SessionWindow[],
  place: number,
  windows: readonly number[],
  known: readonly EarlierEvents[],
  completeFrom: number,
) {
  const held = own[place - 1];
  if (held !== undefined) {
    return {
      previous: held,
      before: [...windows, ...own.slice(0, place - 1).map(({ window }) => window)],
      completeFrom,
    };
  }
  const last = windows.at(-1);
  const events = known.filter(({ window }) => window === last);
  if (last === undefined || events.length === 0) {
    // A window without events is one whose events were erased a moment ago.
    return { previous: null, before: [], completeFrom: last === undefined ? completeFrom : last + 1 };
  }
  const previous = {
    window: last,
    events: events.reduce((sum, one) => sum + one.events, 0),
    last: Math.max(...events.map((one) => one.last)),
  };
  return { previous, before: windows.slice(0, -1), completeFrom };
}

function summed(events: readonly ApplicationEvents[]): { events: number; first: Micros; last: Micros } {
  return {
    events: events.reduce((sum, one) => sum + one.events, 0),
    first: Math.min(...events.map(({ first }) => first)),
    last: Math.max(...events.map(({ last }) => last)),
  };
}
