import type { Shape } from "./bodies.ts";

/** A measurement and its goals. */
export interface Measurement {
  name: string;
  title: string;
  /** `formats`: ingest in a vendor's format beside the native one. */
  kind: "ingest" | "formats" | "pipeline";
  shape: Shape;
  goal: Goal;
}

export interface Goal {
  /** The median of the rounds' ratios to the bare send, the native batch or the bare consumer. */
  leastRatio: number | null;
  leastEventsPerSecond: number | null;
}

/** Sessions that send at the same time, as in the cost scenarios. */
const SESSIONS = 2_000;

/** Requests are a multiple of a hundred, a full consumer batch, so that the last batch does not wait for its timeout. */
export const MEASUREMENTS: readonly Measurement[] = [
  {
    name: "ingest-1",
    title: "ingest, one event a request",
    kind: "ingest",
    shape: { requests: 5_000, eventsPerRequest: 1, sessionsPerRequest: 1, sharedSessions: SESSIONS },
    goal: { leastRatio: 0.85, leastEventsPerSecond: null },
  },
  {
    name: "ingest-50",
    title: "ingest, 50 events of one session a request",
    kind: "ingest",
    shape: { requests: 2_000, eventsPerRequest: 50, sessionsPerRequest: 1, sharedSessions: SESSIONS },
    goal: { leastRatio: 0.85, leastEventsPerSecond: null },
  },
  {
    name: "segment-50",
    title: "ingest, a Segment batch of 50 events of one session",
    kind: "formats",
    shape: { requests: 2_000, eventsPerRequest: 50, sessionsPerRequest: 1, sharedSessions: SESSIONS },
    goal: { leastRatio: 0.7, leastEventsPerSecond: null },
  },
  {
    name: "pipeline-100",
    title: "pipeline, 100 events of 20 sessions a request, 2,000 sessions",
    kind: "pipeline",
    shape: { requests: 400, eventsPerRequest: 100, sessionsPerRequest: 20, sharedSessions: SESSIONS },
    goal: { leastRatio: 0.7, leastEventsPerSecond: 10_000 },
  },
  {
    name: "pipeline-1",
    title: "pipeline, one event a request, 2,000 sessions",
    kind: "pipeline",
    shape: { requests: 4_000, eventsPerRequest: 1, sessionsPerRequest: 1, sharedSessions: SESSIONS },
    goal: { leastRatio: 0.85, leastEventsPerSecond: null },
  },
  {
    name: "pipeline-worst",
    title: "pipeline, each event of a session of its own, 20 a request",
    kind: "pipeline",
    shape: { requests: 100, eventsPerRequest: 20, sessionsPerRequest: 20, sharedSessions: 0 },
    goal: { leastRatio: 0.9, leastEventsPerSecond: 1_500 },
  },
];
