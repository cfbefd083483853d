import type { Issue } from "../model/codes";
import type { Micros } from "../model/time/time";
import type { RuleEpoch } from "../rules/rules-in-force";
import type { ReportOnlyMark } from "../storage/write/rows";

/** The messages between the consumer and a session's object. Plain values; the object throws only for bugs. */

/** One event for its session. */
export interface IncomingEvent {
  /** The client's id, or the one that the edge gave it. */
  id: string;
  application: string;
  /** When the edge received the event. */
  receivedAt: Micros;
  /** The event as JSON text: as the client sent it or, in a replay, as repaired. */
  text: string;
}

/** A session's events in a batch. */
export interface SessionCall {
  incomingEvents: IncomingEvent[];
  /** The rules that were in force when these events were received. */
  epochs: RuleEpoch[];
}

/** The session's verdict on an incoming event. */
export type Outcome =
  /**
   * It is valid. `isNew` is false if the object has seen its identity before, or if the call has it with other content;
   * the write then reads D1 first. It is a hint and may be wrong either way.
   */
  | { kind: "valid"; occurredAt: Micros; isNew: boolean; shadow?: ReportOnlyMark }
  /** It is a copy of another incoming event in the call, with the same content. */
  | { kind: "copy"; occurredAt: Micros }
  /** `occurredAt` is null if the timestamp cannot be read or lies in the future. */
  | { kind: "failed"; issues: Issue[]; occurredAt: Micros | null };

/** An outcome with the index of its incoming event in the call. */
export type PlacedOutcome = Outcome & { place: number };

/** The outcomes in the order of the session: by timestamp, then receipt; copies and failures last. */
export interface SessionAnswer {
  outcomes: PlacedOutcome[];
}

/** A recent event, as a session's object remembers it. */
export interface SeenEvent {
  occurredAt: Micros;
  /**
   * True if it has more than one time of receipt: an application sent it again, and not only the queue delivered it
   * again.
   */
  isRepeated: boolean;
}
