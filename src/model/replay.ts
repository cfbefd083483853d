import * as v from "valibot";
import type { EventCode } from "./codes";
import { CountSchema } from "./count";
import type { Micros } from "./time/time";

/** Failed events, given once more to their sessions: what is asked, and what travels through the queue of replays. */

/** Errors that one step takes: bounded work, and a pace that leaves the databases to the traffic. */
export const MAX_ERRORS_PER_STEP = 100;

/** Between two steps of a replay. */
export const STEP_DELAY_SECONDS = 1;

/** Ids in one request. */
export const MAX_REPLAY_IDS = 1_000;

/** Errors that a preview validates. */
export const MAX_PREVIEWED_ERRORS = 500;

/** Units of work of a preview: about 0.7 s. Of errors of 32 KB that is enough for 80 to 450. See rules/schema-limits.ts. */
export const MAX_PREVIEW_WORK = 15_000_000;

/** The errors to replay: those of a filter that are open, or the given ones. */
export type ReplaySelection = { filter: ReplayFilter } | { ids: string[] };

/** As the list of errors filters; null: any. */
export interface ReplayFilter {
  code: EventCode | null;
  session: string | null;
  category: string | null;
  name: string | null;
  application: string | null;
  /** Of receipt, both inclusive. */
  from: Micros | null;
  to: Micros | null;
}

/** Asks for one step of a replay. It holds no state: what is done and what is next stands in the table `replays`. */
export const ReplayMessageSchema = v.object({
  v: v.literal(1),
  replay: v.string(),
  step: CountSchema,
});

export type ReplayMessage = v.InferOutput<typeof ReplayMessageSchema>;
