import * as v from "valibot";
import type { EventCode } from "./codes";
import { CountSchema } from "./count";
import type { Micros } from "./time/time";

/** Replays process failed events again: the request for one, and the message in the queue of replays. */

/** Errors per step. This bounds the work and leaves the databases free for the traffic. */
export const MAX_ERRORS_PER_STEP = 100;

/** Delay between two steps of a replay. */
export const STEP_DELAY_SECONDS = 1;

/** Ids in one request. */
export const MAX_REPLAY_IDS = 1_000;

/** Errors that a preview validates. */
export const MAX_PREVIEWED_ERRORS = 500;

/** Units of work of a preview: about 0.7 s, enough for 80 to 450 errors of 32 KB. See rules/schema-limits.ts. */
export const MAX_PREVIEW_WORK = 15_000_000;

/** The errors to replay: all open ones that match a filter, or the given ones. */
export type ReplaySelection = { filter: ReplayFilter } | { ids: string[] };

/** The filters of the list of errors. Null: any. */
export interface ReplayFilter {
  code: EventCode | null;
  session: string | null;
  category: string | null;
  name: string | null;
  application: string | null;
  /** Times of receipt, both inclusive. */
  from: Micros | null;
  to: Micros | null;
}

/** Requests one step of a replay. The message holds no state; the table `replays` records the progress. */
export const ReplayMessageSchema = v.object({
  v: v.literal(1),
  replay: v.string(),
  step: CountSchema,
});

export type ReplayMessage = v.InferOutput<typeof ReplayMessageSchema>;
