import { Refusal } from "./problem";

/**
 * The refusal for a message that the queue did not accept. Above 5,000 messages a second the queue throws "Too Many
 * Requests". Every other failure (a full backlog, a lost connection) gets one answer, since the client can only try
 * again. The platform's errors have no code, so the message decides.
 */
export function queueRefusal(error: unknown): Refusal {
  const message = error instanceof Error ? error.message : String(error);
  return /too many requests/i.test(message)
    ? new Refusal("rate_limited", "The queue receives more messages than it accepts in a second.")
    : new Refusal("unavailable", "The queue does not accept events at the moment.");
}
