import { beforeEach, describe, expect, it } from "vitest";
import { finishRemainders } from "../../../src/compaction/erasure/finish-remainders";
import { runCompaction } from "../../../src/compaction/run-compaction";
import { firstDatabase } from "../../../src/storage/core/databases";
import { readRemainders, recordRemainder } from "../../../src/storage/erasures/scrub/erased-remainders";
import { sealPartition } from "../../../src/storage/partitions/partition-lifecycle";
import { errorRow, eventRow, HOUR, MORNING, partitionsOf, store } from "../../storage/seed";
import { compactAll, databases, EAGER, emptyEverything, ioWith, LATER } from "../harness";

beforeEach(emptyEverything);

const first = firstDatabase(databases);
const tables = async () => (await readRemainders(first)).map(({ table }) => table);
const dirty = () => first.binding.prepare("SELECT frees - overwritten AS n FROM free_space").first<number>("n");

async function storedPartition() {
  await store(databases, { events: Array.from({ length: 40 }, (_, n) => eventRow({ session: `session-${n}` })) });
  const [partition] = (await partitionsOf(databases).latest()).partitions;
  if (partition === undefined) throw new Error("there is no partition");
  return partition;
}

describe("copies that may remain in the table of a partition", () => {
  it("stay while it is in the databases, and are overwritten after it moved to the archive", async () => {
    const { id } = await storedPartition();
    for (const { binding } of databases) await recordRemainder(binding, `events_${id}`, MORNING).run();
    expect(await finishRemainders(databases, LATER)).toBeNull();
    const steps = await compactAll();
    expect(steps.map(({ did }) => did).lastIndexOf("dropped")).toBeLessThan(
      steps.map(({ did }) => did).indexOf("scrubbed"),
    );
    expect(steps).toContainEqual({ did: "scrubbed", partition: id, rows: 0 });
    for (const database of databases) expect(await readRemainders(database)).toEqual([]);
    expect(await dirty()).toBe(0);
  });

  it("are overwritten without an archive, after retention has dropped it", async () => {
    const { id } = await storedPartition();
    await recordRemainder(first.binding, `events_${id}`, MORNING).run();
    const settings = { ...EAGER, retention: { ...EAGER.retention, eventsMicros: 1 } };
    const io = ioWith({ archive: null, settings });
    expect((await runCompaction(io, () => LATER)).steps).toEqual([]);
    expect(await tables()).toEqual([`events_${id}`]);
    const { steps, isDone } = await runCompaction(io, () => LATER);
    expect(steps.length).toBeGreaterThan(0);
    expect(steps.every(({ did }) => did === "scrubbed")).toBe(true);
    expect([isDone, await tables(), await dirty()]).toEqual([true, [], 0]);
  });

  it("take no step and no overwriting if none may remain", async () => {
    await storedPartition();
    const steps = await compactAll();
    expect(steps.map(({ did }) => did)).not.toContain("scrubbed");
    expect(await dirty()).toBe(1);
  });
});

it("a late lane and the errors are written again once they are small, an hour after they were too large", async () => {
  const partition = await storedPartition();
  await sealPartition(databases, partition);
  const late = `events_${partition.id}l`;
  await store([first], { errors: Array.from({ length: 2_001 }, (_, n) => errorRow({ id: `error-${n}` })) });
  for (const table of [late, "errors"]) await recordRemainder(first.binding, table, MORNING).run();
  expect(await finishRemainders(databases, MORNING + HOUR - 1)).toBeNull();
  // The errors are still too many. The lane is written again, and then its free pages are overwritten.
  for (const _ of [1, 2]) expect(await finishRemainders(databases, MORNING + HOUR)).toBe(partition.id);
  expect(await tables()).toEqual(["errors"]);
  await first.binding.prepare("DELETE FROM errors WHERE id = 'error-7'").run();
  expect(await finishRemainders(databases, MORNING + HOUR)).toBeNull();
  for (const _ of [1, 2]) expect(await finishRemainders(databases, MORNING + 2 * HOUR)).toBe(0);
  expect(await tables()).toEqual([]);
  expect(await first.binding.prepare("SELECT count(*) AS n FROM errors").first("n")).toBe(2_000);
});
