import type { Micros } from "../model/time/time";
import type { Failure } from "../storage/core/transport-errors";

/** The platform takes delays up to 24 hours; a quarter of an hour is long enough for a database to recover. */
const MAX_DELAY_SECONDS = 900;

/** How often a message is tried whose own content seems to be at fault, before it goes to the dead letters. */
const REJECTED_ATTEMPTS = 5;

/** The same where it used up CPU time or memory. Some 20 minutes: it may have been a neighbour on the same machine. */
const EXHAUSTED_ATTEMPTS = 10;

/**
 * A waiting message is sent anew when it has been delivered so often, since the platform deletes it after its last retry
 * (`max_retries`, 100). So a message that comes more often than this was not handled to the end the last time: the
 * invocation that had it was ended.
 */
export const RENEW_AT_ATTEMPT = 30;

/**
 * A waiting message is also sent anew when the queue has held it for a day, since the queue deletes what is older than its
 * retention (QUEUE_RETENTION_SECONDS, 14 days). The other 13 days are for the backlog to come round
 * once: see "A long outage" in docs/operations.md.
 */
export const RENEW_AFTER_SECONDS = 86_400;

/** A message that ended so many invocations in a row is not processed any more. */
export const ENDED_INVOCATIONS = 3;

/** What to do with a message that could not be processed. */
export type Redelivery = { kind: "retry"; delaySeconds: number } | { kind: "renew" } | { kind: "dead_letter" };

/** How long a message has been waiting. */
export interface Waited {
  /** How often it was delivered, from 1. */
  attempts: number;
  /** Since it was sent. */
  ageSeconds: number;
}

export function waitedBy({ attempts, timestamp }: Pick<Message, "attempts" | "timestamp">, now: Micros): Waited {
  return { attempts, ageSeconds: now / 1_000_000 - timestamp.getTime() / 1_000 };
}

/**
 * How to deliver a message again. Full jitter spreads what failed together. An overloaded database is left alone four
 * times as long: retry() does not slow the platform's consumers down by itself.
 *
 * @param random from 0 to 1
 */
export function redelivery(failure: Failure, { attempts, ageSeconds }: Waited, random: number): Redelivery {
  if (failure === "rejected" && attempts >= REJECTED_ATTEMPTS) return { kind: "dead_letter" };
  if (failure === "exhausted" && attempts >= EXHAUSTED_ATTEMPTS) return { kind: "dead_letter" };
  if (mustRenew({ attempts, ageSeconds })) return { kind: "renew" };
  return { kind: "retry", delaySeconds: Math.ceil(longestDelay(failure, attempts) * random) };
}

/** Whether a waiting message must be sent anew, lest the platform delete it. */
export function mustRenew({ attempts, ageSeconds }: Waited): boolean {
  return attempts >= RENEW_AT_ATTEMPT || ageSeconds >= RENEW_AFTER_SECONDS;
}

/** Whether the last invocations that had this message were all ended before they had handled it. */
export function endsInvocations({ attempts }: { attempts: number }): boolean {
  return attempts > RENEW_AT_ATTEMPT + ENDED_INVOCATIONS;
}

function longestDelay(failure: Failure, attempts: number): number {
  const base = failure === "transient" || failure === "rejected" ? 2 : 8;
  return Math.min(MAX_DELAY_SECONDS, base * 2 ** Math.min(attempts - 1, 20));
}

/** The failure that asks for the longest patience. */
export function worst(failures: Iterable<Failure>): Failure {
  const all = new Set(failures);
  if (all.has("overloaded") || all.has("stale")) return "overloaded";
  if (all.has("transient")) return "transient";
  return all.has("exhausted") ? "exhausted" : "rejected";
}
