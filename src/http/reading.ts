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
    // Only the cause is logged: Drizzle's own message repeats the parameters.
    const cause = error instanceof DrizzleQueryError ? error.cause : error;
    if (cause === error && !isDatabaseError(error)) throw error;
    logFailure("read_failed", cause);
    return problem("unavailable", "The events cannot be read at this moment.");
  }
}

/** Statements that do not go through Drizzle throw D1's own errors, which only their text marks. */
function isDatabaseError(error: unknown): boolean {
  return error instanceof Error && error.message.includes("D1_ERROR");
}
