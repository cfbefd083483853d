import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { beginErasure } from "../../../src/compaction/erasure/begin-erasure";
import { finishLateFile, flushLateRows } from "../../../src/compaction/late/flush-late";
import { filesByKey, unfinishedFiles } from "../../../src/storage/archive/manifest";
import { firstDatabase } from "../../../src/storage/core/databases";
import { tombstoneVault } from "../../../src/storage/erasures/tombstone-vault";
import { loadPartitionMap, NO_PARTITIONS } from "../../../src/storage/partitions/partition-records";
import type { EventRow } from "../../../src/storage/write/rows";
import { eventRow, MINUTE, MORNING, store } from "../../storage/seed";
import { compactAll, databases, emptyEverything, LATER, readArchive } from "../harness";

const first = firstDatabase(databases);

const EVENTS = Array.from({ length: 24 }, (_, n) =>
  eventRow({ session: `session-${n % 6}`, id: `event-${n}`, occurredAt: MORNING + n * 5 * MINUTE }),
);

/** In the two hours of the archived events. */
const LATE = Array.from({ length: 24 }, (_, n) =>
  eventRow({ session: `session-${n % 6}`, id: `late-${n}`, occurredAt: MORNING + n * 5 * MINUTE + 1 }),
);

/** A partition in the archive. */
beforeEach(async () => {
  await emptyEverything();
  await store(databases, { events: EVENTS });
  await compactAll();
});

const map = () => loadPartitionMap(first, NO_PARTITIONS);

async function flush(all = databases): Promise<number> {
  const [partition] = (await map()).partitions;
  if (partition === undefined) throw new Error("there is a partition");
  return flushLateRows(all, env.ARCHIVE, partition, LATER);
}

/** What each flush returned until the lane was empty. */
async function flushAll(): Promise<number[]> {
  const flushed: number[] = [];
  for (let rows = await flush(); rows > 0 && flushed.length < 50; rows = await flush()) flushed.push(rows);
  return flushed;
}

async function sumOf(sql: string): Promise<number> {
  const sums = await Promise.all(databases.map(({ binding }) => binding.prepare(sql).first<number>("n")));
  return sums.reduce<number>((all, one) => all + (one ?? 0), 0);
}

const inLane = (table = "events") => sumOf(`SELECT count(*) AS n FROM ${table}_1l`);
const counted = () => sumOf("SELECT sum(events) AS n FROM counts WHERE seconds = 3600");
const archivedIds = async () => (await readArchive()).map(({ id }) => id).sort();
const idsOf = (rows: readonly EventRow[]) => rows.map(({ id }) => id).sort();
const lateFiles = async () =>
  (await filesByKey(first, { after: "", last: null, limit: 100 })).filter(({ generation }) => generation > 0);

it("moves the rows of one hour and one database at a time to additional files, and counts them then", async () => {
  await store(databases, { events: LATE });
  expect(await counted()).toBe(EVENTS.length);
  const rows = await flush();
  const [file] = await lateFiles();
  expect(file).toMatchObject({ rows, generation: 1, finished: true, partition: 1, hour: MORNING / 1_000_000 });
  expect(await inLane()).toBe(LATE.length - rows);
  expect(await counted()).toBe(EVENTS.length + rows);
  const flushed = await flushAll();
  expect(flushed.reduce((sum, one) => sum + one, rows)).toBe(LATE.length);
  expect(await archivedIds()).toEqual(idsOf([...EVENTS, ...LATE]));
  expect(await counted()).toBe(EVENTS.length + LATE.length);
  expect([await inLane(), await inLane("activity"), await inLane("visits")]).toEqual([0, 0, 0]);
});

it("gives each file of a database the next generation", async () => {
  const own = LATE.filter(({ session }) => session === "session-0");
  await store(databases, { events: own.slice(0, 1) });
  await flush();
  await store(databases, { events: own.slice(1, 2) });
  await flush();
  expect((await lateFiles()).map(({ generation }) => generation).sort()).toEqual([1, 2]);
});

it("returns 0 for an empty lane, and writes nothing", async () => {
  expect(await flush()).toBe(0);
  expect(await lateFiles()).toEqual([]);
});

it("removes copies of archived events, and makes errors of those that contradict one", async () => {
  const [copy, contradiction] = EVENTS;
  if (copy === undefined || contradiction === undefined) throw new Error("there are events");
  await store(databases, { events: [copy, { ...contradiction, data: '{"other":true}' }] });
  const flushed = await flushAll();
  expect(flushed.reduce((sum, one) => sum + one, 0)).toBe(2);
  expect(await inLane()).toBe(0);
  expect(await lateFiles()).toEqual([]);
  expect(await counted()).toBe(EVENTS.length);
  const errors = await Promise.all(
    databases.map(({ binding }) => binding.prepare("SELECT event_id, issues FROM errors").all()),
  );
  expect(errors.flatMap(({ results }) => results)).toEqual([
    { event_id: contradiction.id, issues: expect.stringContaining("id_conflict") },
  ]);
});

it("moves the other rows while erased ones wait in the lane for their erasure", async () => {
  await store(databases, { events: LATE });
  await beginErasure(
    { databases, vault: tombstoneVault(env.KEYS) },
    { kind: "session", id: "session-2" },
    { id: crypto.randomUUID(), now: LATER, requestedBy: null },
  );
  await flushAll();
  expect(await flush()).toBe(0);
  const kept = LATE.filter(({ session }) => session !== "session-2");
  expect((await archivedIds()).filter((id) => id.startsWith("late"))).toEqual(idsOf(kept));
  expect(await inLane()).toBe(LATE.length - kept.length);
});

it("adds no second file if another step flushes the same rows", async () => {
  await store(databases, { events: LATE });
  await Promise.allSettled([flush(), flush()]);
  await flushAll();
  for (const file of await unfinishedFiles(first, 10)) await finishLateFile(databases, env.ARCHIVE, await map(), file);
  expect(await archivedIds()).toEqual(idsOf([...EVENTS, ...LATE]));
  expect(await counted()).toBe(EVENTS.length + LATE.length);
});

/** Databases whose transaction that finishes a file fails. */
function failing() {
  return databases.map(({ index, binding }) => ({
    index,
    binding: Object.assign(Object.create(binding), {
      prepare: (sql: string) => binding.prepare(sql),
      batch: (list: D1PreparedStatement[]) => {
        if (list.length > 4) throw new Error("connection lost");
        return binding.batch(list);
      },
    }),
  }));
}

it("can be finished after a failure, and counts once however often it is finished", async () => {
  await store(databases, { events: LATE });
  await expect(flush(failing())).rejects.toThrow("connection lost");
  expect([await inLane(), await counted()]).toEqual([LATE.length, EVENTS.length]);
  const [file, ...others] = await unfinishedFiles(first, 10);
  if (file === undefined) throw new Error("a file is unfinished");
  expect(others).toEqual([]);
  for (let n = 0; n < 2; n++) {
    await finishLateFile(databases, env.ARCHIVE, await map(), file);
    expect(await unfinishedFiles(first, 10)).toEqual([]);
    expect(await inLane()).toBe(LATE.length - file.rows);
    expect(await counted()).toBe(EVENTS.length + file.rows);
  }
});

it("does not finish a file whose partition is not in the map", async () => {
  await store(databases, { events: LATE });
  await expect(flush(failing())).rejects.toThrow("connection lost");
  const [file] = await unfinishedFiles(first, 10);
  if (file === undefined) throw new Error("a file is unfinished");
  await expect(finishLateFile(databases, env.ARCHIVE, NO_PARTITIONS, file)).rejects.toThrow("not in the map");
  expect(await inLane()).toBe(LATE.length);
});
