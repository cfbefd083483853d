import { beforeEach, expect, it } from "vitest";
import { noteFlushed, partitionWithLateRows } from "../../../src/compaction/late/late-lanes";
import { firstDatabase } from "../../../src/storage/core/databases";
import { loadPartitionMap, NO_PARTITIONS } from "../../../src/storage/partitions/partition-records";
import { eventRow, HOUR, MORNING, store } from "../../storage/seed";
import { compactAll, databases, emptyEverything, ioWith, LATER } from "../harness";

const first = firstDatabase(databases);
const at = (hour: number, session: string) => eventRow({ session, occurredAt: MORNING + hour * HOUR });

/** Two partitions of an hour, which are in the archive. */
beforeEach(async () => {
  await emptyEverything();
  await store(databases, { events: [at(0, "a"), at(1, "b")] }, HOUR);
  await compactAll(ioWith(), LATER);
});

async function due(dueBefore: number, now = LATER + HOUR): Promise<number | null> {
  const map = await loadPartitionMap(first, NO_PARTITIONS);
  const found = await partitionWithLateRows(databases, map, { dueBefore, now });
  return found === null ? null : (found.from - MORNING) / HOUR;
}

it("is a dropped partition whose late lane holds rows, in whichever database", async () => {
  expect(await due(LATER)).toBeNull();
  for (const session of ["a", "b", "c", "d"]) {
    await store(databases, { events: [{ ...at(1, session), occurredAt: MORNING + HOUR + 1 }] }, HOUR);
    expect(await due(LATER + 2 * HOUR)).toBe(1);
    for (const { binding } of databases) {
      await binding.prepare("DELETE FROM events_2l").run();
    }
  }
});

it("waits until the interval since the last flush is over", async () => {
  await store(databases, { events: [at(0, "late")] }, HOUR);
  expect(await due(LATER - 1)).toBeNull();
  expect(await due(LATER)).toBe(0);
  await noteFlushed(first, 1, LATER + 5);
  expect(await due(LATER + 4)).toBeNull();
  expect(await due(LATER + 5)).toBe(0);
});

it("checks an empty lane once in an interval", async () => {
  expect(await due(LATER, LATER + HOUR)).toBeNull();
  await store(databases, { events: [at(0, "late")] }, HOUR);
  expect(await due(LATER + HOUR - 1)).toBeNull();
  expect(await due(LATER + HOUR)).toBe(0);
});

it("leaves the late rows of a partition alone that is still being copied", async () => {
  await store(databases, { events: [at(0, "late")] }, HOUR);
  await first.binding.prepare("UPDATE compactions SET done = 0").run();
  expect(await due(LATER + HOUR)).toBeNull();
  await first.binding.prepare("UPDATE compactions SET done = 1").run();
  expect(await due(LATER + HOUR)).toBe(0);
});
