import type { Micros } from "../model/time/time";
import type { Failure } from "../storage/core/transport-errors";

/** The platform allows delays up to 24 hours; a quarter of an hour is enough for a database to recover. */
const MAX_DELAY_SECONDS = 900;

/** Attempts before a message whose own content seems to be at fault goes to the dead letters. */
const REJECTED_ATTEMPTS = 5;

/**
 * The same if it exhausted CPU time or memory. They take about 20 minutes, since the cause may be a neighbour on the
 * same machine.
 */
const EXHAUSTED_ATTEMPTS = 10;

/**
 * A waiting message that has been delivered this often is sent again as a new message, since the platform deletes it
 * after its last retry (`max_retries`, 100). If a message has more attempts than this, its last invocations crashed
 * before they finished.
 */
export const RENEW_AT_ATTEMPT = 30;

/**
 * A waiting message is also sent again when it is a day old, since the queue deletes messages that are older than its
 * retention (QUEUE_RETENTION_SECONDS, 14 days). The other 13 days leave time to deliver the whole backlog once: see "A
 * long outage" in docs/operations.md.
 */
export const RENEW_AFTER_SECONDS = 86_400;

/** A message that crashed this many invocations in a row is not processed any more. */
export const ENDED_INVOCATIONS = 3;

/** What to do with a message that could not be processed. */
export type Redelivery = { kind: "retry"; delaySeconds: number } | { kind: "renew" } | { kind: "dead_letter" };

/** How long a message has been waiting. */
export interface Waited {
  /** The number of deliveries so far, from 1. */
  attempts: number;
  /** Seconds since it was sent. */
  ageSeconds: number;
}

export function waitedBy({ attempts, timestamp }: Pick<Message, "attempts" | "timestamp">, now: Micros): Waited {
  return { attempts, ageSeconds: now / 1_000_000 - timestamp.getTime() / 1_000 };
}

/**
 * Decides how to redeliver a message. Full jitter spreads messages that failed together. The delay for an overloaded
 * database is four times as long, because retry() alone does not slow the platform's consumers down.
 *
 * @param random a random number from 0 to 1
 */
export function redelivery(failure: Failure, { attempts, ageSeconds }: Waited, random: number): Redelivery {
  if (failure === "rejected" && attempts >= REJECTED_ATTEMPTS) return { kind: "dead_letter" };
  if (failure === "exhausted" && attempts >= EXHAUSTED_ATTEMPTS) return { kind: "dead_letter" };
  if (mustRenew({ attempts, ageSeconds })) return { kind: "renew" };
  return { kind: "retry", delaySeconds: Math.ceil(longestDelay(failure, attempts) * random) };
}

/** Whether a waiting message must be sent again, so that the platform does not delete it. */
export function mustRenew({ attempts, ageSeconds }: Waited): boolean {
  return attempts >= RENEW_AT_ATTEMPT || ageSeconds >= RENEW_AFTER_SECONDS;
}

/** Whether the last invocations that processed this message all crashed before they finished. */
export function endsInvocations({ attempts }: { attempts: number }): boolean {
  return attempts > RENEW_AT_ATTEMPT + ENDED_INVOCATIONS;
}

function longestDelay(failure: Failure, attempts: number): number {
  const base = failure === "transient" || failure === "rejected" ? 2 : 8;
  return Math.min(MAX_DELAY_SECONDS, base * 2 ** Math.min(attempts - 1, 20));
}

/** The failure that needs the longest wait. */
export function worst(failures: Iterable<Failure>): Failure {
  const all = new Set(failures);
  if (all.has("overloaded") || all.has("stale")) return "overloaded";
  if (all.has("transient")) return "transient";
  return all.has("exhausted") ? "exhausted" : "rejected";
}
