import type { Micros } from "../model/time/time";
import type { ArchiveBucket } from "../storage/archive/archive-bucket";
import { type ArchiveFile, hourOf } from "../storage/archive/file/archive-file";
import type { ArchivedEvent } from "../storage/archive/file/archived-rows";
import { EventFileWriter } from "../storage/archive/file/event-file";
import { ReadBudget, readFooter, readGroups, runOf } from "../storage/archive/file/file-reader";
import { findArchived, identityText } from "../storage/archive/find-archived";
import { addFileStatement, markFinished } from "../storage/archive/manifest";
import { clearNote, expectNoted } from "../storage/archive/pending-objects";
import { allEvents } from "../storage/archive/read-events";
import { type Database, firstDatabase } from "../storage/core/databases";
import { packId, storedIdSql } from "../storage/core/packed-id";
import { messageOf } from "../storage/core/transport-errors";
import { fenceStatement } from "../storage/erasures/erasure-fence";
import { createErasureSource } from "../storage/erasures/erasure-source";
import { lateSuffix, type Partition, slotOf } from "../storage/partitions/partition";
import type { PartitionMap } from "../storage/partitions/partition-map";
import { databasesSharing } from "../storage/partitions/partition-tables";
import { sampleKeyOf } from "../storage/partitions/sample-key";
import { hasSameContent } from "../storage/write/stored-content";
import { conflictError, errorStatements } from "../storage/write/write-batch";
import { countStatements } from "../storage/write/write-events";
import { belongingOf, rowOf } from "./late-events";
import { type RowPlace, readTableRows, type TableRow } from "./read-rows";
import { storeFile } from "./store-file";

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
 * @returns the number of rows that left the lane; 0 if it is empty
 * @throws what D1 and R2 throw
 */
export async function flushLateRows(
  databases: readonly Database[],
  archive: ArchiveBucket,
  partition: Partition,
  now: Micros,
): Promise<number> {
  const first = firstDatabase(databases);
  for (const database of databasesSharing(databases, partition)) {
    // Before the rows are read: a file of another step that holds them too takes this generation, and this one is not added.
    const generation = await nextGeneration(first, partition, database);
    const all = firstHour(await readTableRows(database, lateSuffix(partition), null));
    const hour = all[0] === undefined ? 0 : hourOf(all[0].event.occurredAt);
    if (all.length === 0) continue;
    const check = await createErasureSource(first).check(all.map(({ event }) => belongingOf(event)));
    // Erased rows are about to be deleted by their erasure.
    const rows = all.filter(({ event }) => !check.isErased(belongingOf(event)));
    if (rows.length === 0) return all.length;
    const fresh = await removeKnown({ databases, archive, revision: check.revision }, database, partition, rows);
    if (fresh.length === 0) return rows.length;
    const writer = new EventFileWriter();
    for (const { event } of fresh) writer.add(event);
    const place = { kind: "events" as const, hour, partition: partition.id, generation, finished: false };
    const file = await storeFile(archive, { databases, database, now }, writer.finish(), place);
    const [, , added] = await first.binding.batch([
      fenceStatement(first.binding, check.revision),
      expectNoted(first, file),
      addFileStatement(first, file, { now, condition: isNewest(file) }),
      clearNote(first, file),
    ]);
    // The next step finishes the file of the other.
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

function firstHour(rows: readonly TableRow[]): TableRow[] {
  const [first] = rows;
  if (first === undefined) return [];
  const hour = hourOf(first.event.occurredAt);
  return rows.filter(({ event }) => hourOf(event.occurredAt) === hour);
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
  const sought = rows.map(({ event, place }) => ({
    session: event.session,
    occurredAt: event.occurredAt,
    tie: place[4],
  }));
  const known = await findArchived({ bucket: archive, databases }, database, sought, new ReadBudget(MAX_READS));
  if (known.size === 0) return [...rows];
  const isKnown = (_: TableRow, place: number) => {
    const identity = sought[place];
    return identity !== undefined && known.has(identityText(identity));
  };
  const removed = rows.filter(isKnown);
  const conflicts = removed.flatMap(({ event, place }) => {
    const held = known.get(identityText({ session: event.session, occurredAt: event.occurredAt, tie: place[4] }));
    if (held === undefined) return [];
    const row = rowOf(event);
    return hasSameContent({ ...held, id: packId(held.id) }, row) ? [] : [conflictError(row)];
  });
  await database.binding.batch([
    fenceStatement(database.binding, revision),
    ...errorStatements(database, conflicts),
    ...removeStatements(
      database,
      partition,
      removed.map(({ place }) => place),
    ),
  ]);
  return rows.filter((row, place) => !isKnown(row, place));
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
      ...removeStatements(database, partition, places),
    ]);
  } catch (thrown) {
    if (!IS_FINISHED.test(messageOf(thrown))) throw thrown;
  }
  await markFinished(firstDatabase(databases), file);
}

/** The statements that remove rows from a late lane, and its other tables' rows once it is empty. */
function removeStatements(
  { binding }: Database,
  partition: Partition,
  places: readonly RowPlace[],
): D1PreparedStatement[] {
  const suffix = lateSuffix(partition);
  const isEmpty = `NOT EXISTS (SELECT 1 FROM events_${suffix})`;
  return [
    binding
      .prepare(
        `DELETE FROM events_${suffix} WHERE (slot, sample_key, session_id, occurred_at, tie) IN (
           SELECT value ->> 0, value ->> 1, ${storedIdSql("(value ->> 2)")}, value ->> 3, value ->> 4 FROM json_each(?1))`,
      )
      .bind(JSON.stringify(places)),
    binding.prepare(`DELETE FROM activity_${suffix} WHERE ${isEmpty}`),
    binding.prepare(`DELETE FROM visits_${suffix} WHERE ${isEmpty}`),
  ];
}
