import type { Issue } from "../model/codes";
import type { Micros } from "../model/time";
import type { RuleSet } from "../rules/rules";
import type { ShadowMark } from "../storage/rows";
import type { SessionHistory } from "../storage/session-history";

/** What passes between the consumer and a session's object. Values only: an object throws for bugs alone. */

/** One event on its way to its session. */
export interface Arrival {
  /** The client's id, or the edge's. */
  id: string;
  application: string;
  /** The event's own moment of receipt. */
  receivedAt: Micros;
  /** The event as the client sent it, as JSON text; as it was repaired, in a replay. */
  text: string;
  /** The error that a replay brings back: it is judged anew, whatever the session remembers of its failure. */
  replayOf?: string;
}

/** What D1 says of a session: asked in bulk before the objects are called, needed by an object without state. */
export type Presence = { kind: "absent" } | { kind: "present"; database: number } | { kind: "unknown" };

export interface AcceptCall {
  session: string;
  /** Where the session will live if it begins now. */
  home: number;
  presence: Presence;
  arrivals: Arrival[];
  /** The rules of the arrivals' event types. */
  rules: RuleSet;
  /** Given on the second call, after the object has asked for it. */
  history?: SessionHistory;
}

/** What became of an arrival. The same arrival gets the same outcome, however often it comes. */
export type Outcome =
  | {
      kind: "stored";
      sequence: number;
      occurredAt: Micros;
      receivedAt: Micros;
      application: string;
      opens: boolean;
      /** What a schema in shadow would have rejected it for: absent, as for most, if nothing. */
      shadow?: ShadowMark;
      /** True if the session knew the event before this call. */
      duplicate: boolean;
    }
  | { kind: "failed"; errorId: string; receivedAt: Micros; application: string; issues: Issue[]; duplicate: boolean };

/**
 * How the session comes on the list of clean-ups: with the row of what its object's memory began with. Told with each
 * answer, since a redelivery of the first call needs it too: its rows may never have been written.
 */
export interface Enlisting {
  /** The latest receipt among what the first call added: one event or failure that the memory began with. */
  receivedAt: Micros;
  /** When to look whether the object may forget, in milliseconds since 1970. */
  cleanUpAt: number;
}

export type AcceptAnswer =
  /** `outcomes` are in the order of the arrivals; `database` is where the session lives. */
  | { kind: "decided"; database: number; outcomes: Outcome[]; enlisting: Enlisting | null }
  /** The object does not remember all of the session: call again with what D1 holds of it and of the arrivals' ids. */
  | { kind: "history_needed"; database: number }
  /** The object has no state, and D1 could not be asked whether the session exists: try again later. */
  | { kind: "undecided" };

/** What a session's object remembers of one stored event. */
export interface Remembered {
  sequence: number;
  occurredAt: Micros;
  receivedAt: Micros;
  application: string;
  /** True if it came under another receipt too since the object woke: sent again, not only delivered again. */
  isDuplicate: boolean;
}
