import type { Micros } from "../../model/time/time";
import { hourOf } from "../../model/time/units";
import type { ArchiveBucket } from "../../storage/archive/archive-bucket";
import type { ArchiveFile } from "../../storage/archive/file/archive-file";
import type { ArchivedEvent } from "../../storage/archive/file/archived-rows";
import { EventFileWriter } from "../../storage/archive/file/event-file";
import { ReadBudget, readFooter, readGroups, runOf } from "../../storage/archive/file/file-reader";
import { findArchived, identityText } from "../../storage/archive/find-archived";
import { addFileStatement, markFinished } from "../../storage/archive/manifest";
import { clearNote, expectNoted } from "../../storage/archive/pending-objects";
import { allEvents } from "../../storage/archive/read-events";
import { type Database, firstDatabase } from "../../storage/core/databases";
import { packId } from "../../storage/core/packed-id";
import { messageOf } from "../../storage/core/transport-errors";
import { fenceStatement } from "../../storage/erasures/erasure-fence";
import { createErasureSource, type ErasureSource } from "../../storage/erasures/erasure-source";
import { replayedAmong } from "../../storage/errors/replayed-events";
import { lateSuffix, type Partition, slotOf } from "../../storage/partitions/partition";
import type { PartitionMap } from "../../storage/partitions/partition-map";
import { databasesSharing } from "../../storage/partitions/partition-tables";
import { sampleKeyOf } from "../../storage/partitions/sample-key";
import { hasSameContent } from "../../storage/write/stored-content";
import { conflictError, errorStatements } from "../../storage/write/write-batch";
import { subtractReceipts } from "../../storage/write/write-counts";
import { countStatements } from "../../storage/write/write-events";
import { type RowPlace, readTableRows, type TableRow } from "../read-rows";
import { storeFile } from "../store-file";
import { belongingOf, rowOf } from "./late-events";
import { removalOfLateRows } from "./late-rows";

/**
 * The reads of R2 that a step may make to find copies: enough for late events of 5,000 sessions that are all in the
 * archive.
 */
const MAX_READS = 900;

/**
 * Flushes a part of a late lane: at most one page of rows of one hour. Removes copies of archived events, moves
 * events that conflict with an archived one to the errors, and writes the others to an additional file.
 *
 * The file is in the manifest before its rows leave the late lane; a reader treats rows in both places as copies.
 * The rows are counted in the transaction that removes them.
 *
 * @returns the number of rows that left the lane; 0 if it is empty or holds only erased rows
 * @throws what D1 and R2 throw
 */
export async function flushLateRows(
  databases: readonly Database[],
  archive: ArchiveBucket,
  partition: Partition,
  now: Micros,
): Promise<number> {
  const first = firstDatabase(databases);
  const erasures = createErasureSource(first);
  for (const database of databasesSharing(databases, partition)) {
    // Read before the rows: if another step adds a file with the same rows, it takes this generation, and the file of this
    // step is not added.
    const generation = await nextGeneration(first, partition, database);
    const found = await firstToMove(database, partition, erasures);
    if (found === null) continue;
    const { rows, hour, revision } = found;
    const fresh = await removeKnown({ databases, archive, revision }, database, partition, rows);
    if (fresh.length === 0) return rows.length;
    const writer = new EventFileWriter();
    for (const { event } of fresh) writer.add(event);
    const place = { kind: "events" as const, hour, partition: partition.id, generation, finished: false };
    const file = await storeFile(archive, { databases, database, now }, writer.finish(), place);
    const [, , added] = await first.binding.batch([
      fenceStatement(first.binding, revision),
      expectNoted(first, file),
      addFileStatement(first, file, { now, condition: isNewest(file) }),
      clearNote(first, file),
    ]);
    // The next step finishes the other step's file.
    if (added?.meta.changes === 0) return rows.length;
    await finishFile(
      databases,
      partition,
      file,
      fresh.map(({ event }) => event),
    );
    return rows.length;
  }
  return 0;
}

/**
 * The first rows of the lane that are not erased, of one hour. Erased rows stay for their erasure, which deletes them; the
 * others must not wait for it.
 *
 * @returns null if there are none
 */
async function firstToMove(
  database: Database,
  partition: Partition,
  erasures: ErasureSource,
): Promise<{ rows: TableRow[]; hour: number; revision: number } | null> {
  for (let after: RowPlace | null = null; ; ) {
    const page: TableRow[] = await readTableRows(database, lateSuffix(partition), after);
    const last = page.at(-1);
    if (last === undefined) return null;
    const check = await erasures.check(page.map(({ event }) => belongingOf(event)));
    const left = page.filter(({ event }) => !check.isErased(belongingOf(event)));
    const [next] = left;
    if (next !== undefined) {
      const hour = hourOf(next.event.occurredAt);
      return {
        rows: left.filter(({ event }) => hourOf(event.occurredAt) === hour),
        hour,
        revision: check.revision,
      };
    }
    after = last.place;
  }
}

async function nextGeneration({ binding }: Database, { id }: Partition, { index }: Database): Promise<number> {
  const newest = await binding
    .prepare("SELECT max(generation) AS newest FROM archive_files WHERE partition_id = ?1 AND database = ?2")
    .bind(id, index)
    .first<number>("newest");
  return (newest ?? 0) + 1;
}

/** The condition that no other file of late events was added meanwhile, for `addFileStatement`. */
function isNewest({ partition, database, generation }: ArchiveFile) {
  return {
    sql: `NOT EXISTS (
      SELECT 1 FROM archive_files WHERE partition_id = ?17 AND database = ?18 AND generation >= ?19)`,
    params: [partition, database, generation],
  };
}

/** Removes late rows whose identity is already archived: copies, and events in conflict. Returns the others. */
async function removeKnown(
  { databases, archive, revision }: { databases: readonly Database[]; archive: ArchiveBucket; revision: number },
  database: Database,
  partition: Partition,
  rows: readonly TableRow[],
): Promise<TableRow[]> {
  const identityIn = ({ event: { session, occurredAt }, place }: TableRow) => ({ session, occurredAt, tie: place[4] });
  const sought = rows.map(identityIn);
  const known = await findArchived({ bucket: archive, databases }, database, sought, new ReadBudget(MAX_READS));
  if (known.size === 0) return [...rows];
  const heldAs = (row: TableRow) => known.get(identityText(identityIn(row)));
  const removed = rows.flatMap((row) => {
    const held = heldAs(row);
    return held === undefined ? [] : [{ place: row.place, held, row: rowOf(row.event) }];
  });
  const conflicts = removed.flatMap(({ held, row }) =>
    hasSameContent({ ...held, id: packId(held.id) }, row) ? [] : [conflictError(row)],
  );
  const replayed = await replayedAmong(
    databases,
    removed.map(({ row }) => row),
  );
  const counted = removed
    .filter(({ row }) => !replayed.has(row))
    .map(({ place, held: { file } }) => [...place, file.finished ? null : file.id]);
  await database.binding.batch([
    fenceStatement(database.binding, revision),
    ...errorStatements(database, conflicts),
    database.binding.prepare(subtractReceipts(lateSuffix(partition))).bind(JSON.stringify(counted)),
    ...(await removalOfLateRows(
      database,
      partition,
      removed.map(({ place }) => place),
    )),
  ]);
  return rows.filter((row) => heldAs(row) === undefined);
}

/** Finishes a file of late events whose rows may still be in the late lane. Repeating it is harmless. */
export async function finishLateFile(
  databases: readonly Database[],
  archive: ArchiveBucket,
  map: PartitionMap,
  file: ArchiveFile,
): Promise<void> {
  const partition = map.partitions.find(({ id }) => id === file.partition);
  if (partition === undefined) throw new Error(`partition ${file.partition} of file ${file.key} is not in the map`);
  await finishFile(databases, partition, file, await eventsOf(archive, file));
}

async function eventsOf(archive: ArchiveBucket, file: ArchiveFile): Promise<ArchivedEvent[]> {
  const budget = new ReadBudget(MAX_READS);
  const footer = await readFooter(archive, file, budget);
  const events: ArchivedEvent[] = [];
  for (let left = footer.groups; left.length > 0; ) {
    const run = runOf(left);
    left = left.slice(run.length);
    for (const columns of await readGroups(archive, file, footer, run, budget))
      events.push(...(await allEvents(columns)));
  }
  return events;
}

const IS_FINISHED = /UNIQUE constraint failed: archive_finished/;

/** Counts the events of a file and removes them from the late lane, exactly once. */
async function finishFile(
  databases: readonly Database[],
  partition: Partition,
  file: ArchiveFile,
  events: readonly ArchivedEvent[],
): Promise<void> {
  const database = databasesSharing(databases, partition).find(({ index }) => index === file.database);
  if (database === undefined) throw new Error(`partition ${partition.id} has no database ${file.database}`);
  const { binding } = database;
  const rows = events.map(rowOf);
  const places = rows.map(
    (row): RowPlace => [
      slotOf(row.occurredAt, partition),
      sampleKeyOf(row.session),
      packId(row.session),
      row.occurredAt,
      row.tie,
    ],
  );
  try {
    await binding.batch([
      // Fails if the file is already finished, which rolls back the whole transaction.
      binding.prepare("INSERT INTO archive_finished (file_id) VALUES (?1)").bind(file.id),
      ...countStatements(binding, rows),
      ...(await removalOfLateRows(database, partition, places)),
    ]);
  } catch (thrown) {
    if (!IS_FINISHED.test(messageOf(thrown))) throw thrown;
  }
  await markFinished(firstDatabase(databases), file);
}
