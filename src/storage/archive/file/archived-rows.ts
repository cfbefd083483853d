import type { Micros } from "../../../model/time/time";

/** An event as the archive holds it: with names instead of this service's internal numbers. */
export interface ArchivedEvent {
  session: string;
  id: string;
  application: string;
  category: string;
  name: string;
  occurredAt: Micros;
  receivedAt: Micros;
  /** JSON objects as text; null if the event has none. */
  data: string;
  context: string | null;
  extra: string | null;
  visitor: string | null;
}

/** A failed event as the archive holds it, in its state at the time of archiving. */
export interface ArchivedError {
  id: string;
  receivedAt: Micros;
  application: string | null;
  session: string | null;
  category: string | null;
  name: string | null;
  eventId: string | null;
  /** JSON: [{code, path, message}]. */
  issues: string;
  /** The event as JSON text; null if some of its chunks were missing. */
  content: string | null;
  /** The number of chunks of the content; 0 if it was stored whole. */
  parts: number;
  resolvedAt: Micros | null;
  resolvedSession: string | null;
  resolvedEventId: string | null;
  resolvedOccurredAt: Micros | null;
  replayedAt: Micros | null;
  replayId: string | null;
}
