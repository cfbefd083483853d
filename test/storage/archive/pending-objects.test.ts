import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { compactStep } from "../../../src/compaction/compact-step";
import { deleteAbandonedObjects } from "../../../src/storage/archive/pending-objects";
import { compactAll, databases, emptyEverything, ioWith, LATER, readArchive } from "../../compaction/harness";
import { eventRow, MINUTE, MORNING, store } from "../seed";

beforeEach(emptyEverything);

const EVENTS = Array.from({ length: 20 }, (_, n) =>
  eventRow({ session: `session-${n % 4}`, id: `event-${n}`, occurredAt: MORNING + n }),
);

/** A compactor that stores its first object and then crashes. */
async function crashAfterPut(): Promise<void> {
  await store(databases, { events: EVENTS });
  const put = async (...values: Parameters<R2Bucket["put"]>) => {
    await env.ARCHIVE.put(...values);
    throw new Error("the compactor crashed");
  };
  const archive = {
    ...{
      get: env.ARCHIVE.get.bind(env.ARCHIVE),
      list: env.ARCHIVE.list.bind(env.ARCHIVE),
      put: put as R2Bucket["put"],
    },
    delete: (keys: string | string[]) => env.ARCHIVE.delete(keys),
  };
  await compactStep(ioWith(), LATER);
  await expect(compactStep(ioWith({ archive }), LATER)).rejects.toThrow("crashed");
}

async function objects(): Promise<string[]> {
  return (await env.ARCHIVE.list()).objects.map(({ key }) => key);
}

it("an object that a crash left behind is deleted after a while", async () => {
  await crashAfterPut();
  expect(await objects()).toHaveLength(1);
  expect(await deleteAbandonedObjects(databases, env.ARCHIVE, LATER + 19 * MINUTE)).toBe(0);
  expect(await deleteAbandonedObjects(databases, env.ARCHIVE, LATER + 21 * MINUTE)).toBe(1);
  expect(await objects()).toEqual([]);
  await compactAll(ioWith(), LATER + 22 * MINUTE);
  expect(await readArchive()).toHaveLength(EVENTS.length);
});

it("an object that the next step adds to the manifest stays", async () => {
  await crashAfterPut();
  await compactAll();
  expect(await deleteAbandonedObjects(databases, env.ARCHIVE, LATER + 21 * MINUTE)).toBe(0);
  expect(await readArchive()).toHaveLength(EVENTS.length);
});

it("a file is not added whose object is being deleted", async () => {
  await store(databases, { events: EVENTS });
  await compactStep(ioWith(), LATER);
  const archive = {
    ...{ get: env.ARCHIVE.get.bind(env.ARCHIVE), list: env.ARCHIVE.list.bind(env.ARCHIVE) },
    delete: (keys: string | string[]) => env.ARCHIVE.delete(keys),
    put: (async (...values: Parameters<R2Bucket["put"]>) => {
      const stored = await env.ARCHIVE.put(...values);
      await deleteAbandonedObjects(databases, env.ARCHIVE, LATER + 21 * MINUTE);
      return stored;
    }) as R2Bucket["put"],
  };
  await expect(compactStep(ioWith({ archive }), LATER)).rejects.toThrow("object_is_noted");
  await compactAll();
  expect(await readArchive()).toHaveLength(EVENTS.length);
});
