import type { Micros } from "../model/time/time";
import { HOUR_MICROS, hourOf } from "../model/time/units";
import type { ArchiveBucket } from "../storage/archive/archive-bucket";
import type { ArchiveFile } from "../storage/archive/file/archive-file";
import type { ArchivedError } from "../storage/archive/file/archived-rows";
import { ErrorFileWriter, visitorIn } from "../storage/archive/file/error-file";
import { addFileStatement, filesInHours } from "../storage/archive/manifest";
import { clearNote, expectNoted } from "../storage/archive/pending-objects";
import { type Database, firstDatabase } from "../storage/core/databases";
import { removeErrors } from "../storage/erasures/erase-errors";
import { fenceStatement } from "../storage/erasures/erasure-fence";
import { type Belonging, createErasureSource } from "../storage/erasures/erasure-source";
import { claimForArchive, nextErrorToArchive, readClaimed } from "./claimed-errors";
import { errorIdsOfFile } from "./rewrite-file";
import { storeFile } from "./store-file";

/**
 * Moves errors of one database and one UTC hour of receipt to the archive, as many as a step can hold in memory.
 *
 * The errors are claimed as a replay claims its errors, so that none changes meanwhile. Then they are written to a file. The file
 * is read back and published in the manifest, and the errors are deleted from the database. A step that is repeated after a
 * failure writes the same file again. Errors with missing chunks of content stay in the database.
 *
 * @param before errors that were received earlier are due
 * @returns how many errors were moved; null if none is due
 * @throws what D1 and R2 throw
 */
export async function archiveErrors(
  databases: readonly Database[],
  archive: ArchiveBucket,
  { before, now }: { before: Micros; now: Micros },
): Promise<number | null> {
  const first = firstDatabase(databases);
  for (const database of databases) {
    const next = await nextErrorToArchive(first, database, before);
    if (next === null) continue;
    const hour = hourOf(next);
    const until = Math.min(before, hour * 1_000_000 + HOUR_MICROS);
    const range = { from: next, until };
    await claimForArchive(first, database, range);
    const claimed = await readClaimed(database, range);
    // A replay that started meanwhile has claimed them.
    if (claimed.length === 0) continue;
    await moveToFile(databases, database, archive, { claimed, hour, now });
    return claimed.length;
  }
  return null;
}

async function moveToFile(
  databases: readonly Database[],
  database: Database,
  archive: ArchiveBucket,
  { claimed, hour, now }: { claimed: readonly ArchivedError[]; hour: number; now: Micros },
): Promise<void> {
  const first = firstDatabase(databases);
  const check = await createErasureSource(first).check(claimed.map(belongingOf));
  const sameHour = await filesInHours(first, { kind: "errors", hours: [hour], partitions: null });
  const others = sameHour.filter((file) => file.database === database.index);
  const known = await idsIn(archive, others);
  // Erased errors are about to be deleted. An error that a file holds was delivered again, or an earlier step failed before it
  // deleted it.
  const fresh = claimed.filter((error) => !check.isErased(belongingOf(error)) && !known.has(error.id));
  if (fresh.length > 0) {
    const writer = new ErrorFileWriter();
    for (const error of fresh) writer.add(error);
    const generation = others.reduce((most, file) => Math.max(most, file.generation + 1), 0);
    const place = { kind: "errors", hour, partition: 0, generation, finished: true } as const;
    const file = await storeFile(archive, { databases, database, now }, writer.finish(), place);
    const held = await idsIn(archive, [file]);
    if (!fresh.every(({ id }) => held.has(id))) throw new Error(`the archive file ${file.key} lacks errors`);
    await first.binding.batch([
      fenceStatement(first.binding, check.revision),
      expectNoted(first, file),
      addFileStatement(first, file, { now }),
      clearNote(first, file),
    ]);
  }
  await removeErrors(
    database,
    claimed.map(({ receivedAt, id }) => ({ receivedAt, id })),
  );
}

async function idsIn(archive: ArchiveBucket, files: readonly ArchiveFile[]): Promise<Set<string>> {
  const ids = new Set<string>();
  for (const file of files) {
    for await (const id of errorIdsOfFile(archive, file)) ids.add(id);
  }
  return ids;
}

/** The ids by which an erasure covers an error. */
function belongingOf({ id, session, receivedAt, content }: ArchivedError): Belonging {
  const read = content === null ? { visitor: null } : visitorIn(content);
  return { session, visitor: read === "unreadable" ? null : read.visitor, error: id, receivedAt };
}
