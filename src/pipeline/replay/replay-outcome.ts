import type { Issue } from "../../model/codes";
import type { Repair } from "../../model/repair/repair";
import type { Micros } from "../../model/time/time";
import type { Failure } from "../../storage/core/transport-errors";
import type { LocatedError } from "../../storage/errors/error-queries";
import type { ReadEvent, ValidOutcome } from "../place-rows";
import type { Pipeline } from "../process-batch";

export type ReplayIo = Pick<Pipeline, "databases" | "partitions" | "erasures" | "callSession" | "write" | "config">;

export interface Replaying {
  /** The replay's id. */
  id: string;
  repair: Repair | null;
  /** When the errors are resolved, in microseconds since 1970. */
  now: Micros;
}

/** Something failed on the way. Repeating the call continues where it stopped. */
export interface Waiting {
  kind: "waiting";
  failure: Failure;
  reason: string;
}

/** The result for an error. Skipped: already resolved, claimed by another replay, erased, or impossible to validate. */
export type ReplayedError = "stored" | "failing" | "skipped" | Waiting;

export type ReplayOutcome =
  | { kind: "valid"; session: string; outcome: ValidOutcome }
  | { kind: "failing"; issues: Issue[] };

/** A replayed event with its outcome. */
export interface Validated {
  error: LocatedError;
  read: ReadEvent;
  outcome: ReplayOutcome;
}
