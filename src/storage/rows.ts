import type { Issue } from "../model/codes";
import type { Micros } from "../model/time";

/** What is counted of an event that a schema in shadow would have rejected. */
export interface ShadowMark {
  /** Of the event type. */
  version: number;
  /** The different places at fault, as they are counted; see model/issue-path.ts. */
  paths: string[];
}

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
  /** Set if a schema in shadow would have rejected it. */
  shadow?: ShadowMark;
  /** True if it was accepted in an earlier call, and so may be stored already. */
  isRepeat?: boolean;
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

/** What a replay makes of an error: an event, or an error with its newest issues. */
export interface Settlement {
  error: { receivedAt: Micros; id: string };
  at: Micros;
  /** The replay's id. */
  replay: string;
  outcome: { kind: "resolved"; session: string; sequence: number } | { kind: "failing"; issues: Issue[] };
}

/** What one batch writes into one database. */
export interface BatchRows {
  events: EventRow[];
  errors: ErrorRow[];
  parts: PartRow[];
  /** Only of replays. */
  settlements?: Settlement[];
}
