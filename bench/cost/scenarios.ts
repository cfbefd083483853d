/** Fixed traffic whose cost is counted. */
export interface Scenario {
  name: string;
  title: string;
  /** Sessions that are under way at once. Each sends `eventsPerSession` events, in turn with the others. */
  sessions: number;
  eventsPerSession: number;
  eventsPerRequest: number;
  sessionsPerRequest: number;
  /** Event types for each of the traffic's samples, in turn. */
  typesPerSample: number;
  /** One event in so many has a payload that is not an object; 0: none. */
  invalidEvery: number;
}

const SHARED = { sessions: 2_000, eventsPerSession: 10, sessionsPerRequest: 1, typesPerSample: 1, invalidEvery: 0 };

export const SCENARIOS: readonly Scenario[] = [
  { ...SHARED, name: "browser-1", title: "browsers, one event a request", eventsPerRequest: 1 },
  { ...SHARED, name: "browser-5", title: "browsers, five events of one session a request", eventsPerRequest: 5 },
  {
    ...SHARED,
    name: "server-100",
    title: "a server, 100 events of 20 sessions a request",
    eventsPerRequest: 100,
    sessionsPerRequest: 20,
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
    title: "browsers, one event a request, 150 series",
    eventsPerRequest: 1,
    typesPerSample: 25,
  },
];

/** Series (application, category and name) in a scenario's traffic: three samples in two applications, see traffic.ts. */
export function seriesOf({ typesPerSample }: Scenario): number {
  return 3 * 2 * typesPerSample;
}

/** The same traffic with fewer sessions, for CI: the counts of each event stay the same. */
export function shortened(scenario: Scenario): Scenario {
  return { ...scenario, sessions: scenario.sessions / 5 };
}

/** The brief's average: 100 events a second. */
export const EVENTS_PER_SECOND = 100;
export const EVENTS_PER_MONTH = EVENTS_PER_SECOND * 86_400 * 30;
