import { tieOf } from "../../model/event/event-key";
import type { Micros } from "../../model/time/time";
import { hourOf } from "../../model/time/units";
import { type Database, firstDatabase } from "../core/databases";
import type { Bounds } from "../scan/event-order";
import type { ArchiveBucket } from "./archive-bucket";
import type { ArchiveFile, ArchiveKind } from "./file/archive-file";
import type { ArchivedEvent } from "./file/archived-rows";
import {
  type FileFooter,
  type FileGroup,
  type GroupColumns,
  type ReadBudget,
  readFooter,
  readGroups,
  runOf,
} from "./file/file-reader";
import type { IndexedGroups } from "./file/session-index";
import { findInIndex } from "./index-store";
import { filesById } from "./manifest";
import { eventsAt } from "./read-events";

/** An archive with the bindings to query it. */
export interface Archive {
  bucket: ArchiveBucket;
  databases: readonly Database[];
}

export interface SoughtEvent {
  session: string;
  occurredAt: Micros;
  tie: number;
}

/** An event's identity as text. */
export function identityText({ session, occurredAt, tie }: SoughtEvent): string {
  return JSON.stringify([session, occurredAt, tie]);
}

/** An archived event, and its file. */
export interface FoundEvent extends ArchivedEvent {
  file: ArchiveFile;
}

/** A file with its row groups that may hold the wanted events. */
export interface FileGroups {
  file: ArchiveFile;
  groups: IndexedGroups;
}

/**
 * The files of a database that may hold sessions (or visitors, or errors), each with the row groups in which they may be.
 *
 * @throws what D1 throws
 */
export async function filesHolding(
  { databases }: Archive,
  database: Database,
  names: readonly string[],
  { kind = "events", ...hours }: { kind?: ArchiveKind; first: number; last: number },
): Promise<FileGroups[]> {
  const indexed = await findInIndex(database, names, hours);
  const found = await filesById(firstDatabase(databases), [...new Set(indexed.map(({ fileId }) => fileId))]);
  const files = found.filter((file) => file.kind === kind);
  const byFile = Map.groupBy(indexed, ({ fileId }) => fileId);
  return files.map((file) => {
    const own = byFile.get(file.id) ?? [];
    const first = Math.min(...own.map(({ groups }) => groups.first));
    const last = Math.max(...own.map(({ groups }) => groups.last));
    return { file, groups: { first, last } };
  });
}

/**
 * Returns which of the given events of a database are in the archive, by `identityText`. Queries the session index
 * first, so events of sessions that are not archived cost no read of R2.
 *
 * @throws what D1 and R2 throw, and ArchiveFileGone
 */
export async function findArchived(
  archive: Archive,
  database: Database,
  events: readonly SoughtEvent[],
  budget: ReadBudget,
): Promise<Map<string, FoundEvent>> {
  const found = new Map<string, FoundEvent>();
  if (events.length === 0) return found;
  const sought = new Set(events.map(identityText));
  const moments = events.map(({ occurredAt }) => occurredAt);
  const [low, high] = [Math.min(...moments), Math.max(...moments)];
  const names = [...new Set(events.map(({ session }) => session))];
  const holding = await filesHolding(archive, database, names, { first: hourOf(low), last: hourOf(high) });
  for await (const { file, columns } of groupsHolding(archive.bucket, holding, { low, high }, budget)) {
    for (const event of await matchesIn(columns, sought)) {
      found.set(identityText({ ...event, tie: tieOf(event.id) }), { ...event, file });
    }
  }
  return found;
}

interface GroupChoice {
  /** Leaves out row groups that cannot hold a wanted row. */
  mayHold?: (footer: FileFooter, group: FileGroup) => boolean;
  /** Called before each read of R2. It may throw to end the scan. */
  beforeRead?: () => void;
}

/**
 * The row groups of files that overlap a range of time, as `filesHolding` names them.
 *
 * @param bounds both inclusive
 * @throws what R2 throws, and ArchiveFileGone
 */
export async function* groupsHolding(
  bucket: ArchiveBucket,
  holding: readonly FileGroups[],
  { low, high }: Bounds,
  budget: ReadBudget,
  { mayHold = () => true, beforeRead = () => {} }: GroupChoice = {},
): AsyncGenerator<{ file: ArchiveFile; columns: GroupColumns }> {
  for (const { file, groups } of holding) {
    if (file.last < low || file.first > high) continue;
    beforeRead();
    const footer = await readFooter(bucket, file, budget);
    let left = footer.groups.filter(
      (group) =>
        group.number >= groups.first &&
        group.number <= groups.last &&
        group.low <= high &&
        group.high >= low &&
        mayHold(footer, group),
    );
    while (left.length > 0) {
      beforeRead();
      const run = runOf(left);
      left = left.slice(run.length);
      for (const columns of await readGroups(bucket, file, footer, run, budget)) yield { file, columns };
    }
  }
}

async function matchesIn(columns: GroupColumns, sought: ReadonlySet<string>): Promise<ArchivedEvent[]> {
  const [session, occurredAt, id] = await Promise.all([
    columns.texts("session_id"),
    columns.numbers("occurred_at"),
    columns.texts("id"),
  ]);
  const sessions = new Set([...sought].map((text): string => JSON.parse(text)[0]));
  const rows: number[] = [];
  for (let row = 0; row < columns.group.rows; row++) {
    if (!sessions.has(session(row))) continue;
    const identity = { session: session(row), occurredAt: occurredAt(row), tie: tieOf(id(row)) };
    if (sought.has(identityText(identity))) rows.push(row);
  }
  return eventsAt(columns, rows);
}
