import { formatTimestamp, type Micros } from "../../../src/model/time/time.ts";
import { EVENTS_PER_ERROR, errorAt, type History, sessionId } from "../data/history.ts";
import { END } from "../data/layouts.ts";
import { word } from "../data/random.ts";

/** How many rows an answer may read. `returned`: the number of rows or aggregate rows. */
export type Goal =
  | { kind: "list" }
  /** Results of an answer from counts. */
  | { kind: "cells" }
  /** For queries that no index covers: the bound in the code, whatever is returned. */
  | { kind: "bound"; rows: number }
  /** This many rows for each row returned, and some more. */
  | { kind: "each"; rows: number; more: number };

export interface Question {
  name: string;
  goal: Goal;
  /** The limit that CI enforces if the goal is missed. */
  held?: Goal;
  /** The same query at several places of the history. */
  paths: string[];
  /** The page that is measured; the ones before it are only read. */
  page: number;
  /** The number of rows on the pages before it, if they have another length. */
  scanBy?: number;
  /** The limit of p95 in D1; null: none. */
  p95Ms: number | null;
  /** The expected status of the answers. */
  status: number;
}

/**
 * For a list of events: it reads all rows of its slots, and those of a session the slots of its windows of a quarter of an
 * hour.
 */
export const EVENTS: Goal = { kind: "each", rows: 12, more: 2_500 };

export const EVENTS_P95_MS = 10;

/** The defaults are for a list that an index covers. */
export function question(
  name: string,
  paths: string[],
  { goal = { kind: "list" }, page = 1, p95Ms = EVENTS_P95_MS, status = 200, ...rest }: Partial<Question> = {},
): Question {
  return { name, goal, paths, page, p95Ms, status, ...rest };
}

export type Filters = Record<string, string>;

export function pathOf(to: string, filters: Filters): string {
  const query = new URLSearchParams(filters).toString();
  return query === "" ? to : `${to}?${query}`;
}

/** The same filters at several places. */
export function each(filters: Filters, of: Filters[]): Filters[] {
  return of.map((one) => ({ ...filters, ...one }));
}

const HOUR: Micros = 3_600_000_000;
const DAY = 24 * HOUR;

/** The values that the queries of a history use: some of its times, sessions and errors. */
export interface Places {
  /** A minute of the busy time. */
  narrow: Filters[];
  /** Up to a time within the busy time. */
  upTo: Filters[];
  wide: Filters;
  day: Filters;
  month: Filters;
  /** Ids of sessions with up to some hundred events. */
  small: string[];
  /** The first session, with tens of thousands of events: the same in a smaller history. */
  huge: string[];
  /** Other sessions with tens of thousands of events, over all of the busy time. */
  daylong: string[];
  /** A session with events in each partition; null if the history has none. */
  returning: string | null;
  /** Ids of sessions with an error. */
  failed: string[];
  /** The number of a page after some thousand sessions. */
  deep: number;
}

const HUGE_EVENTS = 20_000;

/** Pages of 1,000 sessions: more than the concurrent sessions, so that most sessions continue after the page. */
const MAX_DEEP = 6;

export function placesOf(history: History, places: number): Places {
  const { events, seed, start, largest } = history;
  const all = Array.from({ length: places }, (_, place) => place);
  const placeOf = (use: number, of: number) => all.map((place) => word(seed, place, use) % of);
  // In small partitions, all are as busy as the last ones. In large ones, no page of a smaller history should reach back into
  // the quiet time, where it reads less.
  const from = history.layout === "small" ? start : history.busyFrom + (END - history.busyFrom) / 2;
  const moments = (range: Micros) =>
    all.map(
      (place) => Math.floor(from) + Math.floor((word(seed, place, 40) / 2 ** 32) * Math.max(0, END - from - range)),
    );
  const special = new Set([...largest.map(({ session }) => session), history.returning]);
  const sessions = placeOf(41, events).map((place) => history.session[place] ?? 0);
  return {
    deep: Math.min(MAX_DEEP, places),
    narrow: moments(HOUR / 60).map((at) => ({ start_date: iso(at), end_date: iso(at + HOUR / 60) })),
    upTo: moments(0).map((at) => ({ end_date: iso(at) })),
    wide: { start_date: iso(start), end_date: iso(END) },
    day: { start_date: iso(END - DAY), end_date: iso(END - 1) },
    month: { start_date: iso(END - 30 * DAY), end_date: iso(END - 1) },
    small: sessions.filter((session) => !special.has(session)).map((session) => sessionId(history, session)),
    huge: [sessionId(history, 0)],
    daylong: largest
      .filter(({ session, events: own }) => session !== 0 && own >= HUGE_EVENTS)
      .slice(0, 2)
      .map(({ session }) => sessionId(history, session)),
    returning: history.returning === null ? null : sessionId(history, history.returning),
    failed: placeOf(42, Math.floor(events / EVENTS_PER_ERROR)).flatMap((error) => {
      const { session } = errorAt(history, error);
      return session === null ? [] : [session];
    }),
  };
}

function iso(at: Micros): string {
  return formatTimestamp(at);
}
