import type { Micros } from "../../../model/time/time";

/** An event as the archive holds it: in words, without numbers of this service. */
export interface ArchivedEvent {
  session: string;
  id: string;
  application: string;
  category: string;
  name: string;
  occurredAt: Micros;
  receivedAt: Micros;
  /** JSON objects as text; null where the event has none. */
  data: string;
  context: string | null;
  extra: string | null;
  visitor: string | null;
}

/** A failed event as the archive holds it, as it stood when it was archived. */
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
  /** The event as JSON text; null where not all of its parts had arrived. */
  content: string | null;
  /** How many parts the content came in; 0: it was whole. */
  parts: number;
  resolvedAt: Micros | null;
  resolvedSession: string | null;
  resolvedEventId: string | null;
  resolvedOccurredAt: Micros | null;
  replayedAt: Micros | null;
  replayId: string | null;
}
