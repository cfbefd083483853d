import type { Issue } from "../../model/codes";
import type { Micros } from "../../model/time/time";
import type { Lane } from "../partitions/partition";

/** What is counted for an event that a report-only schema would have rejected. */
export interface ReportOnlyMark {
  /** Of the event type. */
  version: number;
  /** The distinct paths with issues, as they are counted; see model/event/issue-path.ts. */
  paths: string[];
}

/** The key of an error in lists and in the errors table. */
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
  /** JSON objects as text, without whitespace between tokens; null if the event has none. */
  data: string;
  context: string | null;
  extra: string | null;
  visitor: string | null;
  /** Set if a report-only schema would have rejected it. */
  shadow?: ReportOnlyMark;
  /**
   * The whole event as JSON text, as it was sent. It is kept with the error if another event already has the
   * identity.
   */
  sent: string;
  /** The error that a replay turns into this event. */
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
  /** The event as JSON text, or null if its content is in `parts` chunks. */
  content: string | null;
  parts: number;
  /** The visitor id of the event, which shows whether the event was erased. It has no column. */
  visitor?: string | null;
}

/** A chunk of the content of an error whose event is too large for one queue message. */
export interface PartRow {
  errorId: string;
  part: number;
  content: string;
}

/** The result of replaying an error: an event, or an error with its newest issues. */
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
  /** Only set by replays. */
  resolutions?: Resolution[];
  /**
   * The revision of erasures against which the rows were checked; see erasures/erasure-fence.ts. If absent, the rows
   * are not fenced.
   */
  erasures?: number;
}

/** The events of a batch that are not new. */
export interface WriteResult {
  /** Stored before, with the same content. */
  duplicates: EventRow[];
  /** Events whose identity is stored with other content. They are stored as errors now, unless a replay brought them. */
  conflicts: EventRow[];
}
