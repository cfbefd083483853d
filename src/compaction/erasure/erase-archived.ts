import type { Micros } from "../../model/time/time";
import type { ArchiveBucket } from "../../storage/archive/archive-bucket";
import type { ArchiveFile, ArchiveKind } from "../../storage/archive/file/archive-file";
import type { ArchivedError } from "../../storage/archive/file/archived-rows";
import { ERROR_NAMES, visitorIn } from "../../storage/archive/file/error-file";
import { visitorName } from "../../storage/archive/file/session-index";
import { findInIndex } from "../../storage/archive/index-store";
import { filesById } from "../../storage/archive/manifest";
import { type Database, firstDatabase } from "../../storage/core/databases";
import { eventsOfFile, rewriteErrorFile, rewriteEventFile } from "../rewrite-file";

/** Sessions of a visitor that are read from the archive at a time. */
const MAX_SESSIONS = 20;

/** All hours. */
const ALWAYS = { first: 0, last: Number.MAX_SAFE_INTEGER };

export interface ArchiveIo {
  databases: readonly Database[];
  archive: ArchiveBucket | null;
  now: () => Micros;
}

/**
 * Erases a session's events, or its errors, from one file of the archive by rewriting the file without them.
 *
 * @returns how many were erased; null if no file holds any
 * @throws what D1 and R2 throw. A repeat continues where the failed call stopped.
 */
export async function eraseFromArchive(
  io: ArchiveIo,
  { session, before }: { session: string; before: Micros },
): Promise<{ events: number; errors: number } | null> {
  const { archive } = io;
  if (archive === null) return null;
  for (const file of await filesOf(io, "events", session)) {
    const { rows: events } = await rewriteEventFile(
      { ...io, archive },
      file,
      (event) => event.session === session && event.receivedAt < before,
    );
    if (events > 0) return { events, errors: 0 };
  }
  const errors = await eraseErrorsFrom(
    io,
    [ERROR_NAMES.session(session)],
    (error) => (error.session === session || error.resolvedSession === session) && error.receivedAt < before,
  );
  return errors === null ? null : { events: 0, errors };
}

/** As `eraseFromArchive`, for the error with an id. */
export function eraseArchivedError(io: ArchiveIo, id: string): Promise<number | null> {
  return eraseErrorsFrom(io, [ERROR_NAMES.id(id)], (error) => error.id === id);
}

/** As `eraseFromArchive`, for errors whose content names a visitor, or contains its id and is not JSON. */
export function eraseVisitorFromArchive(
  io: ArchiveIo,
  { visitor, before }: { visitor: string; before: Micros },
): Promise<number | null> {
  const text = JSON.stringify(visitor);
  return eraseErrorsFrom(io, [ERROR_NAMES.visitor(visitor), ERROR_NAMES.unreadable], ({ content, receivedAt }) => {
    if (content === null || receivedAt >= before) return false;
    const read = visitorIn(content);
    return read === "unreadable" ? content.includes(text) : read.visitor === visitor;
  });
}

async function eraseErrorsFrom(
  io: ArchiveIo,
  names: readonly string[],
  isErased: (error: ArchivedError) => boolean,
): Promise<number | null> {
  const { archive } = io;
  if (archive === null) return null;
  for (const name of names) {
    for (const file of await filesOf(io, "errors", name)) {
      const { rows: errors } = await rewriteErrorFile({ ...io, archive }, file, isErased);
      if (errors > 0) return errors;
    }
  }
  return null;
}

/** The next sessions of a visitor that have archived events received before the given time. Empty if none is left. */
export async function archivedSessionsOf(
  io: ArchiveIo,
  { visitor, before }: { visitor: string; before: Micros },
): Promise<string[]> {
  const { archive } = io;
  if (archive === null) return [];
  const sessions = new Set<string>();
  for (const file of await filesOf(io, "events", visitorName(visitor))) {
    for await (const event of eventsOfFile(archive, file)) {
      if (event.visitor === visitor && event.receivedAt < before) sessions.add(event.session);
      if (sessions.size === MAX_SESSIONS) return [...sessions];
    }
    if (sessions.size > 0) break;
  }
  return [...sessions];
}

/** The files of a kind that the index lists under a name and that are in the manifest. */
async function filesOf({ databases }: ArchiveIo, kind: ArchiveKind, name: string): Promise<ArchiveFile[]> {
  const found = await Promise.all(databases.map((database) => findInIndex(database, [name], ALWAYS)));
  const ids = [...new Set(found.flat().map(({ fileId }) => fileId))];
  const files = await filesById(firstDatabase(databases), ids);
  return files.filter((file) => file.kind === kind);
}
