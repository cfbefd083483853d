import { eq, sql } from "drizzle-orm";
import { isVisible } from "../../../model/keys/visibility";
import type { Micros } from "../../../model/time/time";
import type { Database } from "../../core/databases";
import { MAX_ROWS_EXAMINED } from "../../core/read-limits";
import { readerOf } from "../../core/reader";
import { errors } from "../../core/tables";
import type { ReceiptQuestion } from "./stored-receipt";

export interface FailedReceipt {
  errorId: string;
  application: string | null;
  /** JSON: [{code, path, message}]. */
  issues: string;
  receivedAt: Micros;
  resolvedAt: Micros | null;
  /** The event that a replay created from it. */
  resolvedSession: string | null;
  resolvedEventId: string | null;
}

/**
 * The errors of an event, newest first, among the newest MAX_ROWS_EXAMINED errors of its session in each database.
 * Which database holds an error depends on the event's timestamp.
 *
 * @throws what D1 throws
 */
export async function findFailures(
  databases: Database[],
  { session, id, applications }: ReceiptQuestion,
): Promise<FailedReceipt[]> {
  const found = await Promise.all(
    databases.map((database) => {
      const reader = readerOf(database);
      const newest = reader
        .select()
        .from(errors)
        .where(eq(errors.sessionId, session))
        .orderBy(sql`${errors.receivedAt} DESC`, sql`${errors.id} DESC`)
        .limit(MAX_ROWS_EXAMINED)
        .as("newest");
      return reader
        .select({
          errorId: newest.id,
          application: newest.application,
          issues: newest.issues,
          receivedAt: newest.receivedAt,
          resolvedAt: newest.resolvedAt,
          resolvedSession: newest.resolvedSession,
          resolvedEventId: newest.resolvedEventId,
        })
        .from(newest)
        .where(eq(newest.eventId, id));
    }),
  );
  return found
    .flat()
    .filter((error) => isVisible(error.application, applications))
    .sort((a, b) => b.receivedAt - a.receivedAt);
}
