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
  /** Microseconds since 1970, of the resolution. */
  now: Micros;
}

/** Something failed on the way: the same call again goes on where it stood. */
export interface Waiting {
  kind: "waiting";
  failure: Failure;
  reason: string;
}

/** What became of an error. Skipped: resolved before, claimed by another replay, or nothing that can be validated. */
export type ReplayedError = "stored" | "failing" | "skipped" | Waiting;

export type ReplayOutcome =
  | { kind: "valid"; session: string; outcome: ValidOutcome }
  | { kind: "failing"; issues: Issue[] };

/** A replayed event with what became of it. */
export interface Validated {
  error: LocatedError;
  read: ReadEvent;
  outcome: ReplayOutcome;
}
