import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { beginProgress, readProgress } from "../../src/compaction/compaction-records";
import { copyNextFile, findDifference } from "../../src/compaction/copy-partition";
import { beginErasure } from "../../src/compaction/erasure/begin-erasure";
import { filesByKey } from "../../src/storage/archive/manifest";
import { firstDatabase } from "../../src/storage/core/databases";
import { tombstoneVault } from "../../src/storage/erasures/tombstone-vault";
import type { Partition } from "../../src/storage/partitions/partition";
import { sealPartition } from "../../src/storage/partitions/partition-lifecycle";
import { eventRow, HOUR, MORNING, partitionsOf, store } from "../storage/seed";
import { databases, EAGER, emptyEverything, LATER, readArchive } from "./harness";

const first = firstDatabase(databases);

beforeEach(emptyEverything);

/** Events of nine sessions over two hours. */
const EVENTS = Array.from({ length: 180 }, (_, n) =>
  eventRow({ session: `session-${n % 9}`, id: `event-${n}`, occurredAt: MORNING + n * 40_000_000 }),
);

/** The partition of some events, sealed and about to be copied. */
async function sealedPartition(events = EVENTS): Promise<Partition> {
  await store(databases, { events });
  const [open] = (await partitionsOf(databases).latest()).partitions;
  if (open === undefined) throw new Error("there is a partition");
  await sealPartition(databases, open);
  await beginProgress(first, open, LATER);
  const [sealed] = (await partitionsOf(databases).latest()).partitions;
  return sealed ?? open;
}

const copyNext = (partition: Partition, limits = EAGER.fileLimits) =>
  copyNextFile(databases, env.ARCHIVE, partition, { now: LATER, limits });

async function copyAll(partition: Partition): Promise<number[]> {
  const copied: number[] = [];
  for (let rows = await copyNext(partition); rows !== null; rows = await copyNext(partition)) copied.push(rows);
  return copied;
}

const files = () => filesByKey(first, { after: "", last: null, limit: 1_000 });
const archivedIds = async () => (await readArchive()).map(({ id }) => id).sort();
const idsOf = (events: readonly { id: string }[]) => events.map(({ id }) => id).sort();

const erase = (session: string) =>
  beginErasure(
    { databases, vault: tombstoneVault(env.KEYS) },
    { kind: "session", id: session },
    { id: crypto.randomUUID(), now: LATER, requestedBy: null },
  );

describe("copyNextFile", () => {
  it("copies one file of an hour and a database at a time, then returns null", async () => {
    const partition = await sealedPartition();
    const rows = await copyNext(partition);
    const [file] = await files();
    expect(file).toMatchObject({ rows, hour: MORNING / 1_000_000, database: 0, partition: 1, generation: 0 });
    const copied = await copyAll(partition);
    expect(copied.reduce((sum, one) => sum + one, rows ?? 0)).toBe(EVENTS.length);
    expect(await archivedIds()).toEqual(idsOf(EVENTS));
    const progress = await readProgress(first, partition.id);
    expect(progress.map(({ database, done }) => [database, done])).toEqual([
      [0, true],
      [1, true],
      [2, true],
    ]);
    expect(progress.reduce((sum, one) => sum + one.rows, 0)).toBe(EVENTS.length);
    expect(await copyNext(partition)).toBeNull();
  });

  it("ends a file at its limit of rows, and continues within the hour", async () => {
    const partition = await sealedPartition(EVENTS.slice(0, 90));
    const small = { ...EAGER.fileLimits, groupRows: 2, fileGroups: 3 };
    while ((await copyNext(partition, small)) !== null);
    const rows = (await files()).map((file) => file.rows);
    expect(Math.max(...rows)).toBe(6);
    expect(await archivedIds()).toEqual(idsOf(EVENTS.slice(0, 90)));
  });

  it("does nothing for a partition whose copying has not begun", async () => {
    const partition = await sealedPartition();
    await first.binding.prepare("DELETE FROM compactions").run();
    expect(await copyNext(partition)).toBeNull();
    expect(await files()).toEqual([]);
  });

  it("makes the same file again if it failed before it was recorded", async () => {
    const partition = await sealedPartition();
    const { binding } = first;
    const failing = Object.assign(Object.create(binding), {
      prepare: (text: string) => binding.prepare(text),
      batch: (list: D1PreparedStatement[]) => {
        if (list.length === 5) throw new Error("connection lost");
        return binding.batch(list);
      },
    });
    const faulty = databases.map((one) => (one === first ? { index: 0, binding: failing } : one));
    await expect(
      copyNextFile(faulty, env.ARCHIVE, partition, { now: LATER, limits: EAGER.fileLimits }),
    ).rejects.toThrow("connection lost");
    const [stored] = (await env.ARCHIVE.list()).objects;
    expect(await files()).toEqual([]);
    await copyNext(partition);
    expect((await files()).map(({ key }) => key)).toEqual([stored?.key]);
    expect((await env.ARCHIVE.list()).objects).toHaveLength(1);
  });

  it("leaves out erased events", async () => {
    const partition = await sealedPartition();
    await erase("session-4");
    await copyAll(partition);
    expect(await archivedIds()).toEqual(idsOf(EVENTS.filter(({ session }) => session !== "session-4")));
  });

  it("writes no file for an hour of which everything is erased, and goes on", async () => {
    const events = [0, 1].map((hour) =>
      eventRow({ session: hour === 0 ? "erased" : "kept", id: `hour-${hour}`, occurredAt: MORNING + hour * HOUR }),
    );
    const partition = await sealedPartition(events);
    await erase("erased");
    expect((await copyAll(partition)).toSorted()).toEqual([0, 0, 0, 0, 1]);
    expect(await archivedIds()).toEqual(["hour-1"]);
  });

  it("publishes nothing if something was erased since the rows were read", async () => {
    const partition = await sealedPartition();
    const archive = Object.assign(Object.create(env.ARCHIVE), {
      put: async (...args: Parameters<R2Bucket["put"]>) => {
        await erase("session-4");
        return env.ARCHIVE.put(...args);
      },
    });
    await expect(copyNextFile(databases, archive, partition, { now: LATER, limits: EAGER.fileLimits })).rejects.toThrow(
      "erasures_are_known",
    );
    expect(await files()).toEqual([]);
    expect((await readProgress(first, partition.id))[0]).toMatchObject({ copied: null, rows: 0 });
  });
});

describe("findDifference", () => {
  it("finds none once everything is copied, also if an erasure, which leaves the counts, deleted rows before", async () => {
    const partition = await sealedPartition();
    await databases[1]?.binding.prepare("DELETE FROM events_1s WHERE tie IN (SELECT min(tie) FROM events_1s)").run();
    expect(await findDifference(databases, partition)).toMatch(/^database 0: 0 rows in files, \d+ in the table/);
    await copyAll(partition);
    expect(await findDifference(databases, partition)).toBeNull();
  });

  it.each([
    ["a file with too few rows", "UPDATE archive_files SET rows = rows - 1", 0],
    ["a file that is missing", "DELETE FROM archive_files WHERE database = 2", 0],
    [
      "a row that left the table",
      "DELETE FROM events_1s WHERE occurred_at IN (SELECT max(occurred_at) FROM events_1s)",
      1,
    ],
    ["more rows than were counted", "UPDATE minutes_1s SET events = 0", 2],
  ])("finds %s", async (_, sql, place) => {
    const partition = await sealedPartition();
    await copyAll(partition);
    await databases[place]?.binding.prepare(sql).run();
    expect(await findDifference(databases, partition)).toMatch(/^database \d: /);
  });

  it("does not count the files of late events", async () => {
    const partition = await sealedPartition();
    await copyAll(partition);
    await first.binding
      .prepare("UPDATE archive_files SET generation = 1 WHERE rowid = (SELECT min(rowid) FROM archive_files)")
      .run();
    expect(await findDifference(databases, partition)).toContain("rows in files");
  });
});
