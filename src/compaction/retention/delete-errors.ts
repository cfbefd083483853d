import type { Micros } from "../../model/time/time";
import type { Database } from "../../storage/core/databases";
import { removeErrors } from "../../storage/erasures/erase-errors";
import type { ErrorKey } from "../../storage/errors/error-key";
import type { Deleted } from "./retention-log";

/** Errors that one transaction deletes: at most about 13 MB of contents. */
const ERRORS_PER_TRANSACTION = 100;

/** The most transactions of one run. */
const MAX_TRANSACTIONS = 50;

/**
 * Deletes the errors of one application, or of all, that were received before a time, from the databases.
 *
 * @throws what D1 throws
 */
export async function deleteErrors(
  databases: readonly Database[],
  { application, before }: { application: string | null; before: Micros },
): Promise<Deleted> {
  let rows = 0;
  let transactions = 0;
  const scan =
    application === null ? "errors WHERE ?2 IS NULL" : "errors INDEXED BY errors_by_application WHERE application = ?2";
  for (const database of databases) {
    for (;;) {
      const { results } = await database.binding
        .prepare(
          `SELECT received_at AS "receivedAt", id FROM ${scan} AND received_at < ?1
           ORDER BY received_at, id LIMIT ${ERRORS_PER_TRANSACTION}`,
        )
        .bind(before, application)
        .all<ErrorKey>();
      if (results.length > 0) {
        if (transactions === MAX_TRANSACTIONS) return deleted(rows, true);
        transactions += 1;
        await removeErrors(database, results);
      }
      rows += results.length;
      if (results.length < ERRORS_PER_TRANSACTION) break;
    }
  }
  return deleted(rows, false);
}

function deleted(rows: number, hasMore: boolean): Deleted {
  return { rows, bytes: 0, what: rows === 0 ? null : { errors_in_databases: rows }, hasMore };
}
