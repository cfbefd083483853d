import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { beginErasure } from "../../../src/compaction/erasure/begin-erasure";
import { runErasureStep } from "../../../src/compaction/erasure/erasure-step";
import type { ErasureMessage } from "../../../src/model/erasure";
import type { ArchiveBucket } from "../../../src/storage/archive/archive-bucket";
import { firstDatabase } from "../../../src/storage/core/databases";
import { loadErasure } from "../../../src/storage/erasures/erasure-records";
import type { Subject } from "../../../src/storage/erasures/subject";
import { tombstoneVault } from "../../../src/storage/erasures/tombstone-vault";
import { eventRow, MORNING, nameOf, SECOND, store } from "../../storage/seed";
import { compactAll, databases, emptyEverything, ioWith, LATER, readArchive } from "../harness";
import { erasureIo } from "./erasure-harness";

beforeEach(emptyEverything);

const EVENTS = Array.from({ length: 120 }, (_, n) =>
  eventRow({
    session: `session-${n % 8}`,
    id: `event-${n}`,
    occurredAt: MORNING + n * 60 * SECOND,
    data: JSON.stringify({ of: n % 8 }),
    visitor: n % 8 === 3 && n < 60 ? "visitor-3" : null,
  }),
);

async function erase(subject: Subject, archive: ArchiveBucket = env.ARCHIVE) {
  const pending: ErasureMessage[] = [];
  const io = erasureIo({ archive, sendErasure: async (message) => void pending.push(message) });
  const id = crypto.randomUUID();
  await beginErasure(io, subject, { id, now: LATER, requestedBy: null });
  pending.push({ v: 1, erasure: id, step: 0 });
  let failures = 0;
  for (let message = pending.shift(); message !== undefined && failures < 20; ) {
    try {
      await runErasureStep(message, io);
      message = pending.shift();
    } catch {
      failures += 1;
    }
  }
  return loadErasure(firstDatabase(databases), id);
}

async function archivedNames(): Promise<string[]> {
  return (await readArchive()).map(nameOf).sort();
}

function namesWithout(session: string): string[] {
  return EVENTS.filter((row) => row.session !== session)
    .map(nameOf)
    .sort();
}

/** The number of objects in the bucket, and of rows in the manifest. */
async function files(): Promise<[number, number]> {
  const rows = await firstDatabase(databases)
    .binding.prepare("SELECT count(*) AS n FROM archive_files")
    .first<number>("n");
  return [(await env.ARCHIVE.list()).objects.length, rows ?? 0];
}

it("rewrites the files of a session without it, and leaves no other object", async () => {
  await store(databases, { events: EVENTS });
  await compactAll();
  expect(await archivedNames()).toEqual(EVENTS.map(nameOf).sort());
  expect(await erase({ kind: "session", id: "session-3" })).toMatchObject({ status: "done", events: 15, sessions: 1 });
  expect(await archivedNames()).toEqual(namesWithout("session-3"));
  const [objects, rows] = await files();
  expect(objects).toBe(rows);
});

it("finds the sessions of a visitor in the archive", async () => {
  await store(databases, { events: EVENTS });
  await compactAll();
  expect(await erase({ kind: "visitor", id: "visitor-3" })).toMatchObject({ status: "done", events: 15, sessions: 1 });
  expect(await archivedNames()).toEqual(namesWithout("session-3"));
});

it("continues after a crash at any point", async () => {
  await store(databases, { events: EVENTS });
  await compactAll();
  let calls = 0;
  const crash = () => {
    calls += 1;
    if (calls % 3 === 0) throw new Error("crash");
  };
  const crashing: ArchiveBucket = {
    get: ((...args: Parameters<R2Bucket["get"]>) => env.ARCHIVE.get(...args)) as R2Bucket["get"],
    list: (options) => env.ARCHIVE.list(options),
    put: (async (...args: Parameters<R2Bucket["put"]>) => {
      crash();
      const put = await env.ARCHIVE.put(...args);
      crash();
      return put;
    }) as R2Bucket["put"],
    async delete(keys) {
      crash();
      await env.ARCHIVE.delete(keys);
    },
  };
  expect(await erase({ kind: "session", id: "session-3" }, crashing)).toMatchObject({ status: "done" });
  expect(await archivedNames()).toEqual(namesWithout("session-3"));
  const [objects, rows] = await files();
  expect(objects).toBe(rows);
});

it("is not undone by a compactor that read the rows before", async () => {
  await store(databases, { events: EVENTS });
  let isErased = false;
  const archive: ArchiveBucket = {
    get: ((...args: Parameters<R2Bucket["get"]>) => env.ARCHIVE.get(...args)) as R2Bucket["get"],
    list: (options) => env.ARCHIVE.list(options),
    delete: (keys) => env.ARCHIVE.delete(keys),
    put: (async (...args: Parameters<R2Bucket["put"]>) => {
      if (!isErased) {
        isErased = true;
        await erase({ kind: "session", id: "session-3" });
      }
      return env.ARCHIVE.put(...args);
    }) as R2Bucket["put"],
  };
  await expect(compactAll(ioWith({ archive }))).rejects.toThrow("erasures_are_known");
  await compactAll();
  expect(await archivedNames()).toEqual(namesWithout("session-3"));
});

it("keeps events that are erased but not yet deleted out of the archive", async () => {
  await store(databases, { events: EVENTS });
  const io = { databases, vault: tombstoneVault(env.KEYS) };
  await beginErasure(io, { kind: "session", id: "session-3" }, { id: "begun", now: LATER, requestedBy: null });
  await compactAll();
  expect(await archivedNames()).toEqual(namesWithout("session-3"));
});
