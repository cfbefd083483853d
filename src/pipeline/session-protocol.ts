import type { Issue } from "../model/codes";
import type { Micros } from "../model/time";
import type { RuleEpoch } from "../rules/rules-in-force";
import type { ShadowMark } from "../storage/rows";
import type { SessionHistory } from "../storage/session-history";

/** What passes between the consumer and a group of sessions. Values only: a group throws for bugs alone. */

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

/**
 * What D1 says of a session: asked in bulk before the groups are called, needed by a group that does not remember it.
 * Present: there is an event of it, or a failure.
 */
export type Presence = { kind: "absent" } | { kind: "present"; database: number } | { kind: "unknown" };

export interface AcceptCall {
  session: string;
  /** Where the session will live if it begins now. */
  home: number;
  presence: Presence;
  arrivals: Arrival[];
  /** Given on the second call, after the group has asked for it. */
  history?: SessionHistory;
}

/** The shares of a batch that a group's sessions have. */
export interface GroupCall {
  calls: AcceptCall[];
  /** The rules in force at the receipts of all these arrivals, as far as their event types need them; ascending. */
  rules: RuleEpoch[];
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

export type AcceptAnswer =
  /** `outcomes` are in the order of the arrivals; `database` is where the session lives. */
  | { kind: "decided"; database: number; outcomes: Outcome[] }
  /**
   * The group does not remember all of the session: call again with what D1 holds of the arrivals' ids among what occurred
   * until then (null: of all, and of the session as a whole), and of these failures, as which the arrivals may be known.
   */
  | { kind: "history_needed"; database: number; errorIds: string[]; until: Micros | null }
  /** The group does not remember the session, and D1 could not be asked whether it exists: try again later. */
  | { kind: "undecided" }
  /** A bug that this session alone meets. */
  | { kind: "broken"; reason: string };

/** What a group remembers of one stored event. */
export interface Remembered {
  sequence: number;
  occurredAt: Micros;
  receivedAt: Micros;
  application: string;
  /** True if it came under another receipt too since the group woke: sent again, not only delivered again. */
  isDuplicate: boolean;
}
