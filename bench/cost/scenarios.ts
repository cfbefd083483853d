/** Fixed traffic whose cost is counted. */
export interface Scenario {
  name: string;
  title: string;
  /** Concurrent sessions. Each sends `eventsPerSession` events, in turn with the others. */
  sessions: number;
  eventsPerSession: number;
  eventsPerRequest: number;
  sessionsPerRequest: number;
  /** Number of event types for each of the samples, used in turn. */
  typesPerSample: number;
  /** One event in this many has a payload that is not an object; 0: none. */
  invalidEvery: number;
  /** True if the partition inherits its common categories, as all do except the first one of a service. */
  inherits: boolean;
  /** Rows written in D1 for each stored event, everything included. */
  mostRows: number;
  /** Dollars for a million events at list price; null: no limit. */
  mostDollars: number | null;
  /** Dollars for a month at EVENTS_PER_SECOND at list price, with the compactor and what a year has stored; null: no limit. */
  mostMonthDollars: number | null;
}

const SHARED = {
  ...{ sessions: 2_000, eventsPerSession: 10, sessionsPerRequest: 1, typesPerSample: 1, invalidEvery: 0 },
  ...{ inherits: true, mostRows: 1.35, mostDollars: null, mostMonthDollars: null },
};

export const SCENARIOS: readonly Scenario[] = [
  {
    ...SHARED,
    name: "browser-1",
    title: "browsers, one event a request",
    eventsPerRequest: 1,
    mostDollars: 3,
    mostMonthDollars: 800,
  },
  {
    ...SHARED,
    name: "browser-5",
    title: "browsers, five events of one session a request",
    eventsPerRequest: 5,
    mostDollars: 1.65,
    mostMonthDollars: 450,
  },
  {
    ...SHARED,
    name: "server-100",
    title: "a server, 100 events of 20 sessions a request",
    eventsPerRequest: 100,
    sessionsPerRequest: 20,
    mostDollars: 1.35,
    mostMonthDollars: 370,
  },
  {
    ...SHARED,
    name: "single",
    title: "browsers, each event in a session of its own",
    // Locally each object keeps three files open for a while, and a process may open 20,000.
    sessions: 4_000,
    eventsPerSession: 1,
    eventsPerRequest: 1,
    mostRows: 2.3,
  },
  {
    ...SHARED,
    name: "browser-1-invalid",
    title: "browsers, one event a request, 1 % of the events invalid",
    eventsPerRequest: 1,
    invalidEvery: 100,
  },
  {
    ...SHARED,
    name: "browser-1-types",
    title: "browsers, one event a request, 25 times as many series",
    eventsPerRequest: 1,
    typesPerSample: 25,
  },
  {
    ...SHARED,
    name: "browser-1-first",
    title: "browsers, one event a request, in a service's first partition",
    eventsPerRequest: 1,
    inherits: false,
    mostRows: 2.35,
  },
];

/** Series (application, category and name) in a scenario's traffic: three samples in two applications; see traffic.ts. */
export function seriesOf({ typesPerSample }: Scenario): number {
  return 3 * 2 * typesPerSample;
}

/** The same traffic with fewer sessions and types, for CI: the counts for each event are the same. */
export function shortened(scenario: Scenario): Scenario {
  const { sessions, typesPerSample } = scenario;
  return { ...scenario, sessions: sessions / 5, typesPerSample: Math.ceil(typesPerSample / 5) };
}

/** The brief's average: 100 events a second. */
export const EVENTS_PER_SECOND = 100;
export const EVENTS_PER_DAY = EVENTS_PER_SECOND * 86_400;
export const EVENTS_PER_MONTH = EVENTS_PER_DAY * 30;
