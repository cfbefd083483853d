import { DrizzleQueryError } from "drizzle-orm/errors";
import { ArchiveFileGone } from "../storage/archive/archive-bucket";
import { logFailure } from "./log";
import { problem } from "./problem";

const OBJECT_GONE =
  "An object of the archive is missing. An administrator finds it with GET /theeye/storage/missing, and docs/operations.md says what to do.";

/**
 * Answers from the databases. If one of them cannot be read, the answer is 503 `unavailable` with `Retry-After`, since
 * a partial answer would look complete.
 */
export async function answerFrom(read: () => Promise<Response>): Promise<Response> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof DrizzleQueryError)) throw error;
    // Only the cause is logged, because Drizzle's own message contains the parameters.
    logFailure("read_failed", error.cause);
    const isObjectGone = error.cause instanceof ArchiveFileGone;
    return problem("unavailable", isObjectGone ? OBJECT_GONE : "The events cannot be read at the moment.");
  }
}
