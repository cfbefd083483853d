import { env } from "cloudflare:workers";
import { beforeEach, expect, it, vi } from "vitest";
import { findRestored } from "../../../../src/compaction/erasure/restore/find-restored";
import { adoptFiles, removeMissingFiles } from "../../../../src/compaction/erasure/restore/repair-manifest";
import { filesByKey } from "../../../../src/storage/archive/manifest";
import { deleteAbandonedObjects } from "../../../../src/storage/archive/pending-objects";
import { archivedError, archivedEvent, archiveErrors, archiveEvents } from "../../../storage/archive/archived-files";
import { MINUTE, nameOf, store } from "../../../storage/seed";
import { compactAll, databases, ioWith, LATER, MOVING_ERRORS, readArchive } from "../../harness";
import { ERASED, ERRORS, EVENTS, emptyWorld, erase, first, io, PATIENT, runSteps, timeTravel } from "./restored-world";

vi.setConfig(PATIENT);

beforeEach(emptyWorld);

const manifestIo = { databases, archive: env.ARCHIVE, now: () => LATER };
const listed = async () =>
  (await filesByKey(first, { after: "", last: null, limit: 1_000 })).map(({ key }) => key).toSorted();
const stored = async () => (await env.ARCHIVE.list()).objects.map(({ key }) => key);

it("leaves a manifest as it is that names every object", async () => {
  await archiveEvents([archivedEvent({ id: "a" })]);
  await archiveErrors([archivedError()]);
  const before = await listed();
  expect([await adoptFiles(manifestIo, ""), await removeMissingFiles(manifestIo, "")]).toEqual([null, null]);
  expect(await listed()).toEqual(before);
  expect(await stored()).toEqual(before);
});

it("deletes an object that the manifest does not name after 20 minutes, if it descends from no listed file", async () => {
  const kept = await archiveEvents([archivedEvent({ id: "kept" })]);
  const unknown = await archiveEvents([archivedEvent({ id: "unknown" })]);
  await first.binding.prepare("DELETE FROM archive_files WHERE file_id = ?1").bind(unknown.id).run();
  await first.binding.prepare("DELETE FROM pending_objects").run();
  await adoptFiles(manifestIo, "");
  await deleteAbandonedObjects(databases, env.ARCHIVE, LATER + 20 * MINUTE - 1);
  expect(await stored()).toHaveLength(2);
  await deleteAbandonedObjects(databases, env.ARCHIVE, LATER + 20 * MINUTE);
  expect(await stored()).toEqual([kept.key]);
});

it("leaves objects alone that are no files of the archive", async () => {
  await env.ARCHIVE.put("notes.txt", "of a person");
  expect(await adoptFiles(manifestIo, "")).toBeNull();
  await deleteAbandonedObjects(databases, env.ARCHIVE, LATER + 30 * MINUTE);
  expect(await stored()).toEqual(["notes.txt"]);
});

it("removes only the files whose objects are gone", async () => {
  const [gone, kept] = [await archiveEvents([archivedEvent()]), await archiveErrors([archivedError()])];
  await env.ARCHIVE.delete(gone.key);
  expect(await removeMissingFiles(manifestIo, "")).toBeNull();
  expect(await listed()).toEqual([kept.key]);
});

it("puts rewritten files of the archive in the place of those that a restored manifest names", async () => {
  await store(databases, { events: EVENTS, errors: ERRORS });
  await compactAll(ioWith({ settings: MOVING_ERRORS }));
  await findRestored(io);
  const travel = await timeTravel();
  for (const subject of ERASED) await erase(subject);
  // Twice rewritten, and one file is left without rows.
  await erase({ kind: "session", id: "session-2" });
  await findRestored(io);
  const before = (await readArchive()).map(nameOf).sort();
  const objects = (await env.ARCHIVE.list()).objects.map(({ key }) => key);
  await travel();
  expect(await findRestored(io)).toBe(true);
  await runSteps();
  expect((await readArchive()).map(nameOf).sort()).toEqual(before);
  expect((await env.ARCHIVE.list()).objects.map(({ key }) => key)).toEqual(objects);
  // A later erasure finds the adopted files by the index.
  await erase({ kind: "session", id: "session-3" });
  expect((await readArchive()).filter(({ session }) => session === "session-3")).toEqual([]);
});

it("takes files out of the manifest that were deleted since, and deletes those that it does not know", async () => {
  await store(databases, { events: EVENTS });
  const empty = await timeTravel();
  await compactAll();
  await findRestored(io);
  const full = await timeTravel();
  const objects = (await env.ARCHIVE.list()).objects.map(({ key }) => key);
  await env.ARCHIVE.delete(objects.slice(0, 1));
  await first.binding.prepare("UPDATE revisions SET revision = revision + 1 WHERE name = 'outside_changes'").run();
  await findRestored(io);
  await full();
  expect(await findRestored(io)).toBe(true);
  await runSteps();
  const kept = (await readArchive()).length;
  expect(kept).toBeGreaterThan(0);
  expect(kept).toBeLessThan(EVENTS.length);
  await empty();
  expect(await findRestored(io)).toBe(true);
  await runSteps();
  expect(await readArchive()).toEqual([]);
  // The events are in the databases again, and move to the archive anew.
  await compactAll(ioWith(), LATER + 60 * MINUTE);
  expect((await readArchive()).map(nameOf).sort()).toEqual(EVENTS.map(nameOf).sort());
  const listed = await first.binding.prepare("SELECT count(*) AS n FROM archive_files").first<number>("n");
  expect((await env.ARCHIVE.list()).objects).toHaveLength(listed ?? 0);
});
