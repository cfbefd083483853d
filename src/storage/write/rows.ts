import type { Issue } from "../../model/codes";
import type { Micros } from "../../model/time/time";
import type { Lane } from "../partitions/partition";

/** What is counted of an event that a report-only schema would have rejected. */
export interface ReportOnlyMark {
  /** Of the event type. */
  version: number;
  /** The different paths at fault, as they are counted; see model/event/issue-path.ts. */
  paths: string[];
}

/** An error as lists and the errors table know it. */
export interface ErrorReference {
  receivedAt: Micros;
  id: string;
}

/** A valid event, as it is stored. (session, occurredAt, tie) is its identity. */
export interface EventRow {
  session: string;
  id: string;
  /** See model/event/event-key.ts. */
  tie: number;
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
  /** Set if a report-only schema would have rejected it. */
  shadow?: ReportOnlyMark;
  /** The whole event as it was sent, as JSON text: an error keeps it, should another event have the identity. */
  sent: string;
  /** The error that a replay makes this event of. */
  replays?: ErrorReference;
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
  /** The visitor that the event names, by which it is known if it was erased. It has no column. */
  visitor?: string | null;
}

/** A piece of the content of an error whose event is too large for one queue message. */
export interface PartRow {
  errorId: string;
  part: number;
  content: string;
}

/** What a replay makes of an error: an event, or an error with its newest issues. */
export interface Resolution {
  error: ErrorReference;
  at: Micros;
  /** The replay's id. */
  replay: string;
  outcome:
    | { kind: "resolved"; session: string; eventId: string; occurredAt: Micros }
    | { kind: "failing"; issues: Issue[] };
}

/** Events of one partition. */
export interface LaneRows {
  lane: Lane;
  rows: EventRow[];
}

/** What one batch writes into one database. */
export interface BatchRows {
  events: LaneRows[];
  errors: ErrorRow[];
  parts: PartRow[];
  /** Only of replays. */
  resolutions?: Resolution[];
  /** The revision of erasures that the rows were checked by; see erasures/erasure-fence.ts. Without it they are not fenced. */
  erasures?: number;
}

/** What became of the events of a batch that are not new. */
export interface WriteResult {
  /** Stored before, with the same content. */
  duplicates: EventRow[];
  /** Of these another content is stored under the same identity. Those that no replay brings are among the errors now. */
  conflicts: EventRow[];
}
