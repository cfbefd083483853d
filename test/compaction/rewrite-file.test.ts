import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import {
  errorIdsOfFile,
  errorsOfFile,
  eventsOfFile,
  type RewriteIo,
  removeFiles,
  replaceFile,
  rewriteErrorFile,
  rewriteEventFile,
} from "../../src/compaction/rewrite-file";
import { ancestorsOf } from "../../src/storage/archive/file/ancestors";
import type { ArchiveFile } from "../../src/storage/archive/file/archive-file";
import { EventFileWriter } from "../../src/storage/archive/file/event-file";
import { findInIndex } from "../../src/storage/archive/index-store";
import { filesByKey } from "../../src/storage/archive/manifest";
import { deleteAbandonedObjects } from "../../src/storage/archive/pending-objects";
import { firstDatabase } from "../../src/storage/core/databases";
import { archivedError, archivedEvent, archiveErrors, archiveEvents } from "../storage/archive/archived-files";
import { MINUTE, MORNING, SECOND } from "../storage/seed";
import { databases, emptyEverything, LATER } from "./harness";

const first = firstDatabase(databases);
const second = databases[1] ?? first;
const io: RewriteIo = { databases, archive: env.ARCHIVE, now: () => LATER };

beforeEach(emptyEverything);

/** Three row groups of ten. */
const EVENTS = Array.from({ length: 30 }, (_, n) =>
  archivedEvent({
    session: `session-${n % 3}`,
    id: `event-${n}`,
    application: n % 2 === 0 ? "blog" : "shop",
    occurredAt: MORNING + n * SECOND,
  }),
);
const ERRORS = Array.from({ length: 30 }, (_, n) =>
  archivedError({ id: `error-${String(n).padStart(2, "0")}`, receivedAt: MORNING + n * SECOND, session: `s-${n % 3}` }),
);

const manifest = () => filesByKey(first, { after: "", last: null, limit: 100 });
const objects = async () => (await env.ARCHIVE.list({ include: ["customMetadata"] })).objects;

async function all<Row>(rows: AsyncIterable<Row>): Promise<Row[]> {
  const found: Row[] = [];
  for await (const row of rows) found.push(row);
  return found;
}

async function onlyFile(): Promise<ArchiveFile> {
  const [file, ...others] = await manifest();
  if (file === undefined || others.length > 0) throw new Error("one file is expected");
  return file;
}

async function isIndexed(session: string, { id, hour }: ArchiveFile): Promise<boolean> {
  const found = await findInIndex(second, [session], { first: hour, last: hour });
  return found.some(({ fileId }) => fileId === id);
}

describe("rewriteEventFile", () => {
  it("replaces the file by one without the rows, and deletes the old object and its index", async () => {
    const file = await archiveEvents(EVENTS, { database: second, partition: 7 });
    const { rows, bytes } = await rewriteEventFile(io, file, ({ session }) => session === "session-1");
    const rewritten = await onlyFile();
    expect(rows).toBe(10);
    expect(bytes).toBe(file.bytes - rewritten.bytes);
    const { partition, database, hour, generation } = file;
    expect(rewritten).toMatchObject({ partition, database, hour, generation, rows: 20, finished: true });
    expect(await all(eventsOfFile(env.ARCHIVE, rewritten))).toEqual(
      EVENTS.filter(({ session }) => session !== "session-1"),
    );
    expect((await objects()).map(({ key }) => key)).toEqual([rewritten.key]);
    expect(await isIndexed("session-0", file)).toBe(false);
    expect([await isIndexed("session-0", rewritten), await isIndexed("session-1", rewritten)]).toEqual([true, false]);
  });

  it("names all files from which the new one descends", async () => {
    const file = await archiveEvents(EVENTS);
    await rewriteEventFile(io, file, ({ session }) => session === "session-1");
    const middle = await onlyFile();
    await rewriteEventFile(io, middle, ({ session }) => session === "session-2");
    const [object] = await objects();
    if (object === undefined) throw new Error("an object is expected");
    const { footerBytes } = await onlyFile();
    expect(ancestorsOf(object)).toEqual({ ancestors: [file.id, middle.id], footerBytes });
  });

  it("deletes the file if no row is left", async () => {
    const file = await archiveEvents(EVENTS);
    expect(await rewriteEventFile(io, file, () => true)).toEqual({ rows: 30, bytes: file.bytes });
    expect([await manifest(), await objects()]).toEqual([[], []]);
  });

  it("leaves the file if it holds none of the rows, and notes whose rows it holds if that was unknown", async () => {
    await archiveEvents(EVENTS);
    await first.binding.prepare("UPDATE archive_files SET applications = NULL").run();
    const file = await onlyFile();
    expect(await rewriteEventFile(io, file, () => false)).toEqual({ rows: 0, bytes: 0 });
    expect(await onlyFile()).toEqual({ ...file, applications: ["blog", "shop"] });
  });

  it("adds nothing if another step has replaced the file meanwhile, and its object is deleted in time", async () => {
    const file = await archiveEvents(EVENTS);
    await rewriteEventFile(io, file, ({ session }) => session === "session-1");
    const rewritten = await onlyFile();
    const writer = new EventFileWriter();
    for (const event of EVENTS.slice(0, 3)) writer.add(event);
    await replaceFile(io, first, file, { file: writer.finish(), ancestors: [file.id] });
    expect(await onlyFile()).toEqual(rewritten);
    expect(await objects()).toHaveLength(2);
    await deleteAbandonedObjects(databases, env.ARCHIVE, LATER + 20 * MINUTE);
    expect((await objects()).map(({ key }) => key)).toEqual([rewritten.key]);
  });

  it("refuses a file of a database that is not bound, and changes nothing", async () => {
    const file = await archiveEvents(EVENTS);
    await expect(rewriteEventFile(io, { ...file, database: 9 }, () => true)).rejects.toThrow("DB_9");
    expect(await onlyFile()).toEqual(file);
  });
});

it("rewrites a file of errors", async () => {
  const file = await archiveErrors(ERRORS);
  expect(await rewriteErrorFile(io, file, ({ session }) => session === "s-1")).toMatchObject({ rows: 10 });
  const rewritten = await onlyFile();
  const left = ERRORS.filter(({ session }) => session !== "s-1");
  expect(await all(errorsOfFile(env.ARCHIVE, rewritten))).toEqual(left);
  expect(await all(errorIdsOfFile(env.ARCHIVE, rewritten))).toEqual(left.map(({ id }) => id));
});

it("removes files with their objects, and leaves the others", async () => {
  const removed = [await archiveEvents(EVENTS), await archiveErrors(ERRORS)];
  const kept = await archiveEvents(EVENTS.slice(0, 5));
  await removeFiles(io, removed);
  expect(await manifest()).toEqual([kept]);
  expect((await objects()).map(({ key }) => key)).toEqual([kept.key]);
  expect(await first.binding.prepare("SELECT count(*) AS n FROM pending_objects WHERE doomed = 1").first("n")).toBe(0);
});
