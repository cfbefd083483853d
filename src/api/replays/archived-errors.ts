import { Refusal } from "../../http/problem";
import type { ReplaySelection } from "../../model/replay";
import { formatTimestamp } from "../../model/time/time";
import type { ArchiveBucket } from "../../storage/archive/archive-bucket";
import { lastArchivedError } from "../../storage/archive/manifest";
import { type Database, firstDatabase } from "../../storage/core/databases";
import { findAllErrorsById } from "../../storage/errors/all-errors";
import { missingErrors } from "../../storage/errors/error-queries";

/** Ids that are looked for in the archive: each costs a few reads of R2. */
const MAX_LOOKED_FOR = 20;

const INSTEAD =
  "Archived errors cannot be replayed. GET /theeye/errors/{id} returns the event: send it again, corrected, to POST /theeye/events.";

/**
 * Refuses a replay of errors that are in the archive: by their ids, or by a filter that ends before the newest
 * archived error. A replay reaches only the errors in the databases.
 *
 * @throws DrizzleQueryError, also if R2 cannot be read
 */
export async function refuseArchived(
  databases: Database[],
  archive: ArchiveBucket | null,
  selection: ReplaySelection,
): Promise<Refusal | null> {
  if (archive === null) return null;
  if ("ids" in selection) {
    const missing = (await missingErrors(databases, selection.ids)).slice(0, MAX_LOOKED_FOR);
    const archived = missing.length === 0 ? [] : await findAllErrorsById(databases, missing, archive);
    if (archived.length === 0) return null;
    const ids = archived.map(({ key }) => key.id);
    return new Refusal("archived_errors", `These errors are in the archive: ${ids.join(", ")}. ${INSTEAD}`, { ids });
  }
  const { to } = selection.filter;
  const last = await lastArchivedError(firstDatabase(databases));
  if (last === null || to === null || to > last) return null;
  const until = formatTimestamp(last);
  return new Refusal(
    "archived_errors",
    `The errors of this range are in the archive, which has those received until ${until}. ${INSTEAD}`,
    { archived_until: until },
  );
}
