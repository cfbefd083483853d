import type { Issue } from "../model/codes";
import type { Micros } from "../model/time/time";
import type { RuleEpoch } from "../rules/rules-in-force";
import type { ReportOnlyMark } from "../storage/write/rows";

/** What passes between the consumer and a session's object. Values only: the object throws for bugs alone. */

/** One event on its way to its session. */
export interface IncomingEvent {
  /** The client's id, or the one that the edge gave it. */
  id: string;
  application: string;
  /** The event's own moment of receipt. */
  receivedAt: Micros;
  /** The event as the client sent it, as JSON text; as it was repaired, in a replay. */
  text: string;
}

/** The share that a session has in a batch. */
export interface SessionCall {
  incomingEvents: IncomingEvent[];
  /** The rules that were in force at the receipt of these incoming events. */
  epochs: RuleEpoch[];
}

/** What an incoming event is, as far as its session can tell. */
export type Outcome =
  /**
   * It is valid. `isNew` is false where its identity has been seen before, by the object or in this call with other content: then D1
   * is asked first what it holds. It is a hint, and may be wrong either way.
   */
  | { kind: "valid"; occurredAt: Micros; isNew: boolean; shadow?: ReportOnlyMark }
  /** Another incoming event of the call is the same event, with the same content. */
  | { kind: "copy"; occurredAt: Micros }
  /** `occurredAt` is null where the timestamp cannot be read or lies in the future. */
  | { kind: "failed"; issues: Issue[]; occurredAt: Micros | null };

/** An outcome with the place of its incoming event in the call. */
export type PlacedOutcome = Outcome & { place: number };

/** In the order of the session: by occurrence, then receipt; failures last. */
export interface SessionAnswer {
  outcomes: PlacedOutcome[];
}

/** What an object has lately seen of one event. */
export interface SeenEvent {
  occurredAt: Micros;
  /** True if it came under more than one receipt: sent again, not only delivered again. */
  isRepeated: boolean;
}
