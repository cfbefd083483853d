import { DrizzleQueryError } from "drizzle-orm/errors";
import { logFailure } from "./log";
import { problem } from "./problem";

/**
 * Answers from the databases. While one of them cannot be read that is 503 `unavailable` with `Retry-After`: a part of
 * an answer would be taken for the whole.
 */
export async function answerFrom(read: () => Promise<Response>): Promise<Response> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof DrizzleQueryError)) throw error;
    // Only the cause is logged: Drizzle's own message repeats the parameters.
    logFailure("read_failed", error.cause);
    return problem("unavailable", "The events cannot be read at this moment.");
  }
}
