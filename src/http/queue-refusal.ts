import { Refusal } from "./problem";

/**
 * Tells why the queue did not take a message. Over 5,000 messages a second it throws "Too Many Requests"; everything
 * else (a full backlog, a lost connection) is answered alike, since the client can only come back. The platform gives
 * its errors no code, so the message decides.
 */
export function queueRefusal(error: unknown): Refusal {
  const message = error instanceof Error ? error.message : String(error);
  return /too many requests/i.test(message)
    ? new Refusal("rate_limited", "More arrives than the queue takes in a second.")
    : new Refusal("unavailable", "The queue does not take events at this moment.");
}
