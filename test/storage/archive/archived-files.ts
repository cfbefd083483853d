import { env } from "cloudflare:workers";
import { storeFile } from "../../../src/compaction/store-file";
import { hourOf } from "../../../src/model/time/units";
import type { ArchiveFile } from "../../../src/storage/archive/file/archive-file";
import type { ArchivedError, ArchivedEvent } from "../../../src/storage/archive/file/archived-rows";
import { ErrorFileWriter } from "../../../src/storage/archive/file/error-file";
import { EventFileWriter } from "../../../src/storage/archive/file/event-file";
import { type GroupColumns, ReadBudget, readFooter, readGroups } from "../../../src/storage/archive/file/file-reader";
import { FILE_LIMITS } from "../../../src/storage/archive/limits";
import { addFileStatement } from "../../../src/storage/archive/manifest";
import { type Database, databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { errorRow, eventRow, MORNING } from "../seed";

const databases = databasesOf(env);

export function archivedEvent(row: Partial<ArchivedEvent> = {}): ArchivedEvent {
  const { sent: _, tie: __, ...event } = eventRow(row);
  return event;
}

export function archivedError(row: Partial<ArchivedError> = {}): ArchivedError {
  const { issues, ...error } = errorRow();
  return {
    ...{ ...error, issues: JSON.stringify(issues) },
    ...{ resolvedAt: null, resolvedSession: null, resolvedEventId: null, resolvedOccurredAt: null },
    ...{ replayedAt: null, replayId: null },
    ...row,
  };
}

interface Place {
  database?: Database;
  partition?: number;
  groupRows?: number;
  generation?: number;
  finished?: boolean;
}

/** Adds a file of events to the archive as the compactor does: its object, its index and its manifest row. */
export async function archiveEvents(events: readonly ArchivedEvent[], place: Place = {}): Promise<ArchiveFile> {
  const { database = firstDatabase(databases), groupRows = 10, partition = 1 } = place;
  const { generation = 0, finished = true } = place;
  const writer = new EventFileWriter({ ...FILE_LIMITS, groupRows });
  for (const event of events) writer.add(event);
  const hour = hourOf(events[0]?.occurredAt ?? 0);
  const described = { kind: "events" as const, hour, partition, generation, finished };
  const file = await storeFile(env.ARCHIVE, { databases, database, now: MORNING }, writer.finish(), described);
  await addFileStatement(firstDatabase(databases), file, { now: MORNING }).run();
  return file;
}

/** Like `archiveEvents`, for errors of one hour. */
export async function archiveErrors(errors: readonly ArchivedError[], place: Place = {}): Promise<ArchiveFile> {
  const { database = firstDatabase(databases), groupRows = 10 } = place;
  const writer = new ErrorFileWriter({ ...FILE_LIMITS, groupRows });
  for (const error of errors) writer.add(error);
  const hour = hourOf(errors[0]?.receivedAt ?? 0);
  const described = { kind: "errors" as const, hour, partition: 0, generation: 0, finished: true };
  const file = await storeFile(env.ARCHIVE, { databases, database, now: MORNING }, writer.finish(), described);
  await addFileStatement(firstDatabase(databases), file, { now: MORNING }).run();
  return file;
}

/** The columns of all row groups of a file. */
export async function groupsOf(file: ArchiveFile): Promise<GroupColumns[]> {
  const budget = new ReadBudget(100);
  const footer = await readFooter(env.ARCHIVE, file, budget);
  return readGroups(env.ARCHIVE, file, footer, footer.groups, budget);
}
