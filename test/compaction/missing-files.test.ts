import { env } from "cloudflare:workers";
import { beforeEach, expect, it, vi } from "vitest";
import { compactStep } from "../../src/compaction/compact-step";
import { acceptLoss, findMissingFiles } from "../../src/compaction/missing-files";
import { filesByKey } from "../../src/storage/archive/manifest";
import { firstDatabase } from "../../src/storage/core/databases";
import { archivedError, archivedEvent, archiveErrors, archiveEvents } from "../storage/archive/archived-files";
import { eventRow, MORNING, nameOf, SECOND, store } from "../storage/seed";
import { compactAll, databases, EAGER, emptyEverything, ioWith, LATER, readArchive } from "./harness";

vi.setConfig({ testTimeout: 60_000 });

beforeEach(emptyEverything);

const first = firstDatabase(databases);
const io = { databases, archive: env.ARCHIVE, now: () => LATER };
const EVENTS = Array.from({ length: 120 }, (_, n) =>
  eventRow({ session: `session-${n % 8}`, id: `event-${n}`, occurredAt: MORNING + n * 60 * SECOND }),
);

const listed = () => filesByKey(first, { after: "", last: null, limit: 1_000 });
async function deletions() {
  const { results } = await first.binding.prepare("SELECT kind, what, rows FROM retention_log").all<{ what: string }>();
  return results.map(({ what, ...row }) => ({ ...row, what: JSON.parse(what) }));
}

it("finds the files whose objects do not exist, of both kinds", async () => {
  const [gone, kept] = [await archiveEvents([archivedEvent()]), await archiveErrors([archivedError()])];
  expect(await findMissingFiles(io, "")).toEqual({ missing: [], next: null });
  await env.ARCHIVE.delete(gone.key);
  expect((await findMissingFiles(io, "")).missing.map(({ key }) => key)).toEqual([gone.key]);
  await env.ARCHIVE.delete(kept.key);
  expect((await findMissingFiles(io, "")).missing.map(({ key }) => key)).toEqual([kept.key, gone.key].sort());
  expect((await findMissingFiles(io, [kept.key, gone.key].sort()[0] ?? "")).missing).toHaveLength(1);
});

it("goes through a large manifest in pages, past objects that the manifest does not name", async () => {
  const file = await archiveEvents([archivedEvent()]);
  await first.binding
    .prepare(
      `WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 700)
       INSERT INTO archive_files SELECT n, kind, 'events/' || printf('%04d', n), partition_id, database, hour, generation, first_us,
         last_us, rows, bytes, footer_bytes, index_level, finished, created_at, applications FROM archive_files, n`,
    )
    .run();
  await env.ARCHIVE.put("events/0700", "");
  await env.ARCHIVE.put("events/0007a", "of nobody");
  const found: string[] = [];
  let pages = 0;
  for (let after: string | null = ""; after !== null; pages += 1) {
    const { missing, next } = await findMissingFiles(io, after);
    found.push(...missing.map(({ key }) => key));
    after = next;
  }
  expect(pages).toBe(2);
  expect(found).toHaveLength(699);
  expect(found).not.toContain(file.key);
});

it("takes a missing object out of the manifest, and records what was lost", async () => {
  const gone = await archiveEvents([archivedEvent({ id: "a" }), archivedEvent({ id: "b" })]);
  const kept = await archiveEvents([archivedEvent({ id: "c" })]);
  await env.ARCHIVE.delete(gone.key);
  expect(await acceptLoss(io, gone.key)).toMatchObject({ file: { key: gone.key }, lost: 2 });
  expect((await listed()).map(({ key }) => key)).toEqual([kept.key]);
  expect(await deletions()).toMatchObject([{ kind: "events", rows: 2, what: { missing_object: gone.key } }]);
  expect(await acceptLoss(io, gone.key)).toBeNull();
  const entries = await first.binding
    .prepare("SELECT count(*) AS n FROM archive_index WHERE file_id = ?1")
    .bind(gone.id)
    .first<number>("n");
  expect(entries).toBe(0);
});

it("refuses an object that exists, and a name that the manifest does not have", async () => {
  const file = await archiveErrors([archivedError()]);
  expect(await acceptLoss(io, file.key)).toBe("exists");
  for (const key of ["", "events", file.key.slice(0, -1), `${file.key}x`, "%"]) {
    expect(await acceptLoss(io, key)).toBeNull();
  }
  expect(await listed()).toHaveLength(1);
  expect(await deletions()).toEqual([]);
});

it("copies a partition again whose events have not left the databases", async () => {
  await store(databases, { events: EVENTS });
  while ((await listed()).length < 2) await compactStep(ioWith(), LATER);
  const [gone] = await listed();
  await env.ARCHIVE.delete(gone?.key ?? "");
  expect(await acceptLoss(io, gone?.key ?? "")).toMatchObject({ lost: 0 });
  await compactAll();
  expect((await readArchive()).map(nameOf).sort()).toEqual(EVENTS.map(nameOf).sort());
  expect((await env.ARCHIVE.list()).objects).toHaveLength((await listed()).length);
});

it("keeps the other files of a partition that was published", async () => {
  await store(databases, { events: EVENTS });
  await compactAll();
  const [gone] = await listed();
  await env.ARCHIVE.delete(gone?.key ?? "");
  const before = (await listed()).length;
  expect(await acceptLoss(io, gone?.key ?? "")).toMatchObject({ lost: gone?.rows });
  expect(await listed()).toHaveLength(before - 1);
  expect(await readArchive()).toHaveLength(EVENTS.length - (gone?.rows ?? 0));
});

it("moves late events again that have not left their lane", async () => {
  await store(databases, { events: EVENTS });
  await compactAll();
  const late = eventRow({ session: "session-1", id: "late", occurredAt: MORNING + SECOND });
  await store(databases, { events: [late] });
  // The file is published, and its rows stay in the lane: a crash in between.
  const failing = databases.map((one) => ({
    ...one,
    binding: new Proxy(one.binding, {
      get(target, name) {
        const value = Reflect.get(target, name);
        if (name === "prepare") {
          return (text: string) => {
            if (text.startsWith("INSERT INTO archive_finished")) throw new Error("crash");
            return target.prepare(text);
          };
        }
        return typeof value === "function" ? value.bind(target) : value;
      },
    }),
  }));
  await expect(compactAll(ioWith({ databases: failing }))).rejects.toThrow("crash");
  const gone = (await listed()).find(({ finished }) => !finished);
  await env.ARCHIVE.delete(gone?.key ?? "");
  await expect(compactStep(ioWith(), LATER)).rejects.toThrow("is gone");
  expect(await acceptLoss(io, gone?.key ?? "")).toMatchObject({ lost: 0 });
  await compactAll(ioWith({ settings: EAGER }));
  expect((await readArchive()).map(nameOf).sort()).toEqual([...EVENTS, late].map(nameOf).sort());
});
