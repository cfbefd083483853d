import type { PropertyPath } from "../../event/property-path";
import type { Micros } from "../../time/time";
import type { EventSource } from "../event-pattern";

/** What is read of an event for a question about sequences. */
export interface SequenceEvent {
  occurredAt: Micros;
  source: EventSource;
  valueAt: (path: PropertyPath) => string | null;
  /** Null where the value is no number. */
  numberAt: (path: PropertyPath) => number | null;
}
