import type { Failure } from "../storage/core/transport-errors";

/** The platform takes delays up to 24 hours; a quarter of an hour is long enough for a database to recover. */
const MAX_DELAY_SECONDS = 900;

/** How often a message is tried whose own content seems to be at fault, before it goes to the dead letters. */
const REJECTED_ATTEMPTS = 5;

/** What to do with a message that could not be processed. */
export type Redelivery = { kind: "retry"; delaySeconds: number } | { kind: "dead_letter" };

/**
 * How to deliver a message again. Full jitter spreads what failed together. An overloaded database is left alone four
 * times as long: retry() does not slow the platform's consumers down by itself.
 *
 * @param attempts how often the message was delivered, from 1
 * @param random from 0 to 1
 */
export function redelivery(failure: Failure, attempts: number, random: number): Redelivery {
  if (failure === "rejected" && attempts >= REJECTED_ATTEMPTS) return { kind: "dead_letter" };
  const base = failure === "overloaded" || failure === "stale" ? 8 : 2;
  const ceiling = Math.min(MAX_DELAY_SECONDS, base * 2 ** Math.min(attempts - 1, 20));
  return { kind: "retry", delaySeconds: Math.ceil(ceiling * random) };
}

/** The failure that asks for the longest patience. */
export function worst(failures: Iterable<Failure>): Failure {
  const all = new Set(failures);
  if (all.has("overloaded") || all.has("stale")) return "overloaded";
  return all.has("transient") ? "transient" : "rejected";
}
