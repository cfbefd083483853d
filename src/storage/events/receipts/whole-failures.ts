import type { ArchiveBucket } from "../../archive/archive-bucket";
import { loadColdErrors, readColdErrors } from "../../archive/errors/cold-errors";
import type { Database } from "../../core/databases";
import { retryOutOfDate } from "../../partitions/known-partitions";
import { type FailedReceipt, findFailures } from "./failed-receipt";
import type { ReceiptQuestion } from "./stored-receipt";

/** The most archived errors of one event that a receipt shows. */
const MAX_ARCHIVED = 100;

/**
 * As `findFailures`, over the databases and the archive, newest first.
 *
 * @throws DrizzleQueryError, also if R2 cannot be read
 */
export async function findAllFailures(
  databases: Database[],
  question: ReceiptQuestion,
  bucket: ArchiveBucket | null,
): Promise<FailedReceipt[]> {
  const hot = await findFailures(databases, question);
  if (bucket === null) return hot;
  const { session, id: eventId, applications } = question;
  const cold = await retryOutOfDate(async () => {
    const { rows } = await readColdErrors(
      { bucket, databases },
      {
        ...{ session, eventId, applications, code: null, category: null, name: null, status: null },
        ...{ from: null, to: null, order: "desc", limit: MAX_ARCHIVED, after: null },
      },
    );
    return loadColdErrors(rows);
  });
  const known = new Set(hot.map(({ errorId }) => errorId));
  const archived = cold
    .filter(({ id }) => !known.has(id))
    .map(({ id, ...error }): FailedReceipt => ({ ...error, errorId: id }));
  return [...hot, ...archived].sort((a, b) => b.receivedAt - a.receivedAt);
}
