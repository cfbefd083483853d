import { tieOf } from "../../model/event/event-key";
import type { Micros } from "../../model/time/time";
import { hourOf } from "../../model/time/units";
import { firstDatabase } from "../core/databases";
import { packId } from "../core/packed-id";
import { orQueryError } from "../core/reader";
import type { Partition } from "../partitions/partition";
import { databaseOf } from "../partitions/partition";
import { compareEventKeys, type EventKey } from "../scan/event-order";
import { type GroupColumns, ReadBudget, readFooter, readGroups, runOf } from "./file/file-reader";
import type { Archive, FileGroups } from "./find-archived";
import { findInIndex } from "./index-store";
import { filesById } from "./manifest";

/**
 * The reads of R2 for files that contain a cursor or the end of a range: a few row groups of an hour in each
 * database.
 */
const MAX_READS = 60;

export interface LaterQuestion {
  partitions: readonly Partition[];
  /** The cursor. Events at or above it count. */
  from: EventKey;
  /** The end of the range, inclusive. */
  to: Micros;
  /** Events received later do not count. */
  asOf: Micros;
}

/**
 * Returns which of the given sessions have an archived event at or above a cursor. For files entirely above it, the
 * session index is enough.
 *
 * @throws DrizzleQueryError, also if R2 cannot be read
 */
export function sessionsLater(
  archive: Archive,
  sessions: readonly string[],
  question: LaterQuestion,
): Promise<Set<string>> {
  return orQueryError(find(archive, sessions, question), "the archive");
}

async function find(archive: Archive, sessions: readonly string[], question: LaterQuestion): Promise<Set<string>> {
  const { partitions, from, to } = question;
  const later = new Set<string>();
  const ids = new Set(partitions.map(({ id }) => id));
  const end = Math.min(to, Math.max(...partitions.map((one) => one.to)));
  const hours = { first: hourOf(from.occurredAt), last: hourOf(end) };
  const budget = new ReadBudget(MAX_READS);
  for (const database of archive.databases) {
    const own = sessions.filter((session) =>
      partitions.some((partition) => databaseOf(partition, session) === database.index),
    );
    const indexed = await findInIndex(database, own, hours);
    const listed = await filesById(firstDatabase(archive.databases), [...new Set(indexed.map(({ fileId }) => fileId))]);
    const files = new Map(listed.filter(({ partition }) => ids.has(partition)).map((file) => [file.id, file]));
    for (const [place, entries] of Map.groupBy(indexed, (entry) => entry.place)) {
      const session = own[place];
      if (session === undefined) continue;
      const held = entries.flatMap(({ fileId, groups }): FileGroups[] => {
        const file = files.get(fileId);
        return file === undefined ? [] : [{ file, groups }];
      });
      const isAbove = held.some(({ file }) => file.first > from.occurredAt && file.last <= to);
      if (isAbove || (await isLaterIn(archive, held, session, question, budget))) later.add(session);
    }
  }
  return later;
}

async function isLaterIn(
  { bucket }: Archive,
  files: readonly FileGroups[],
  session: string,
  { from, to, asOf }: LaterQuestion,
  budget: ReadBudget,
): Promise<boolean> {
  for (const { file, groups } of files) {
    if (file.last < from.occurredAt || file.first > to) continue;
    const footer = await readFooter(bucket, file, budget);
    let left = footer.groups.filter(
      ({ number, low, high }) =>
        number >= groups.first && number <= groups.last && high >= from.occurredAt && low <= to,
    );
    while (left.length > 0) {
      const run = runOf(left);
      left = left.slice(run.length);
      for (const columns of await readGroups(bucket, file, footer, run, budget)) {
        if (await hasLater(columns, session, { from, to, asOf })) return true;
      }
    }
  }
  return false;
}

async function hasLater(
  columns: GroupColumns,
  session: string,
  { from, to, asOf }: Pick<LaterQuestion, "from" | "to" | "asOf">,
): Promise<boolean> {
  const [sessionAt, occurredAt, receivedAt, idAt] = await Promise.all([
    columns.texts("session_id"),
    columns.numbers("occurred_at"),
    columns.numbers("received_at"),
    columns.texts("id"),
  ]);
  for (let row = 0; row < columns.group.rows; row++) {
    if (sessionAt(row) !== session || occurredAt(row) > to || receivedAt(row) > asOf) continue;
    const moment = occurredAt(row);
    const key: EventKey = {
      occurredAt: moment,
      receivedAfter: receivedAt(row) - moment,
      session: packId(session),
      tie: tieOf(idAt(row)),
    };
    if (compareEventKeys(key, from) >= 0) return true;
  }
  return false;
}
