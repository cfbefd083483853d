import type { PropertyPath } from "../../event/property-path";
import type { Micros } from "../../time/time";
import type { EventSource } from "../event-pattern";

/** The parts of an event that a query about sequences reads. */
export interface SequenceEvent {
  occurredAt: Micros;
  source: EventSource;
  /** Null if the event has none, or if the query does not read visitors. */
  visitor: string | null;
  valueAt: (path: PropertyPath) => string | null;
  /** Null if the value is not a number. */
  numberAt: (path: PropertyPath) => number | null;
}
