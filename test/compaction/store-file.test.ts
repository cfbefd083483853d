import { env } from "cloudflare:workers";
import { createHash } from "node:crypto";
import { beforeEach, expect, it } from "vitest";
import { type FinishedFile, putObject, storeFile } from "../../src/compaction/store-file";
import { hourOf } from "../../src/model/time/units";
import type { ArchiveBucket } from "../../src/storage/archive/archive-bucket";
import { ancestorsOf } from "../../src/storage/archive/file/ancestors";
import { EventFileWriter } from "../../src/storage/archive/file/event-file";
import { findInIndex } from "../../src/storage/archive/index-store";
import { filesById } from "../../src/storage/archive/manifest";
import { firstDatabase } from "../../src/storage/core/databases";
import { archivedEvent, groupsOf } from "../storage/archive/archived-files";
import { MORNING } from "../storage/seed";
import { databases, emptyEverything, LATER } from "./harness";

const first = firstDatabase(databases);
const second = databases[1] ?? first;

beforeEach(emptyEverything);

const HOUR_OF_MORNING = hourOf(MORNING);
const PLACE = { kind: "events" as const, hour: HOUR_OF_MORNING, partition: 7, generation: 3, finished: false };

function fileOf(...sessions: string[]): FinishedFile {
  const writer = new EventFileWriter();
  for (const session of sessions) writer.add(archivedEvent({ session, id: `of-${session}`, application: "shop" }));
  return writer.finish();
}

const put = (file: FinishedFile, archive: ArchiveBucket = env.ARCHIVE, ancestors: number[] = []) =>
  storeFile(archive, { databases, database: second, now: LATER }, file, { ...PLACE, ancestors });

async function notes(): Promise<unknown[]> {
  const { results } = await first.binding.prepare("SELECT object_key, noted_at, doomed FROM pending_objects").all();
  return results;
}

const indexed = async (session: string) =>
  (await findInIndex(second, [session], { first: HOUR_OF_MORNING, last: HOUR_OF_MORNING })).map(({ fileId }) => fileId);

it("stores the object and its index, with a note, but does not publish it", async () => {
  const file = await put(fileOf("a", "b"));
  expect(file).toMatchObject({ ...PLACE, database: 1, rows: 2, applications: ["shop"] });
  expect(file.key).toMatch(/^events\/day=2021-01-01\/hour=09\/db=1\/[0-9a-f]{32}\.parquet$/);
  const object = await env.ARCHIVE.head(file.key);
  expect(object).toMatchObject({ size: file.bytes, httpMetadata: { contentType: "application/vnd.apache.parquet" } });
  const [group] = await groupsOf(file);
  expect(group?.group.rows).toBe(2);
  expect([await indexed("a"), await indexed("c")]).toEqual([[file.id], []]);
  expect(await notes()).toEqual([{ object_key: file.key, noted_at: LATER, doomed: 0 }]);
  expect(await filesById(first, [file.id])).toEqual([]);
});

it("changes nothing when the same rows are stored again", async () => {
  const file = await put(fileOf("a"));
  const before = await env.ARCHIVE.head(file.key);
  expect(await put(fileOf("a"))).toEqual(file);
  const { objects } = await env.ARCHIVE.list();
  expect(objects.map(({ key, version }) => [key, version])).toEqual([[file.key, before?.version]]);
  expect(await indexed("a")).toEqual([file.id]);
});

it("has noted the object before it is put, so that a crash leaves no unknown object", async () => {
  const archive: ArchiveBucket = {
    get: env.ARCHIVE.get.bind(env.ARCHIVE),
    list: (options) => env.ARCHIVE.list(options),
    delete: (keys) => env.ARCHIVE.delete(keys),
    put: () => {
      throw new Error("crash");
    },
  };
  await expect(put(fileOf("a"), archive)).rejects.toThrow("crash");
  expect(await notes()).toHaveLength(1);
  expect(await indexed("a")).toEqual([]);
});

it("puts no object that is being deleted", async () => {
  const { key } = await put(fileOf("a"));
  await env.ARCHIVE.delete(key);
  await first.binding.prepare("UPDATE pending_objects SET doomed = 1").run();
  await expect(put(fileOf("a"))).rejects.toThrow(`${key} is being deleted`);
  expect(await env.ARCHIVE.head(key)).toBeNull();
});

it("names the files from which a rewritten one descends", async () => {
  const { key, footerBytes } = await put(fileOf("a"), env.ARCHIVE, [11, 12]);
  const [object] = (await env.ARCHIVE.list({ prefix: key, include: ["customMetadata"] })).objects;
  if (object === undefined) throw new Error("the object is stored");
  expect(ancestorsOf(object)).toEqual({ ancestors: [11, 12], footerBytes });
});

it("refuses bytes that do not have the hash, and never overwrites an object", async () => {
  const bytes = new TextEncoder().encode("one");
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  await expect(putObject(env.ARCHIVE, "key", new TextEncoder().encode("two"), sha256, {})).rejects.toThrow();
  expect(await env.ARCHIVE.head("key")).toBeNull();
  await putObject(env.ARCHIVE, "key", bytes, sha256, {});
  const other = new TextEncoder().encode("two");
  await putObject(env.ARCHIVE, "key", other, createHash("sha256").update(other).digest("hex"), {});
  expect(await (await env.ARCHIVE.get("key"))?.text()).toBe("one");
});
