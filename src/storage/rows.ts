import type { Issue } from "../model/codes";
import type { Micros } from "../model/time";

/** A valid event, as it is stored. (session, sequence) is its identity. */
export interface EventRow {
  session: string;
  sequence: number;
  id: string;
  application: string;
  category: string;
  name: string;
  occurredAt: Micros;
  receivedAt: Micros;
  /** The first accepted event of its session in its slot of ACTIVITY_SLOT_MICROS. */
  opens: boolean;
  /** A JSON object as text. */
  data: string;
}

/** An event that failed, with all its issues and its whole content. `id` is its identity. */
export interface ErrorRow {
  id: string;
  receivedAt: Micros;
  application: string | null;
  session: string | null;
  category: string | null;
  name: string | null;
  eventId: string | null;
  issues: Issue[];
  /** The event as JSON text, or null where its content lies in `parts` pieces. */
  content: string | null;
  parts: number;
}

/** A piece of the content of an error whose event is too large for one queue message. */
export interface PartRow {
  errorId: string;
  part: number;
  content: string;
}

/** What one batch writes into one database. */
export interface BatchRows {
  events: EventRow[];
  errors: ErrorRow[];
  parts: PartRow[];
}
