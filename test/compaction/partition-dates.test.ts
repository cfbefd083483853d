import { beforeEach, expect, it } from "vitest";
import type { CompactionSettings } from "../../src/compaction/compaction-settings";
import { creations, partitionToSeal } from "../../src/compaction/partition-dates";
import { firstDatabase } from "../../src/storage/core/databases";
import { recordRemainder } from "../../src/storage/erasures/scrub/erased-remainders";
import { loadPartitionMap, NO_PARTITIONS } from "../../src/storage/partitions/partition-records";
import { DAY, eventRow, HOUR, MINUTE, MORNING, store } from "../storage/seed";
import { databases, EAGER, emptyEverything } from "./harness";

const first = firstDatabase(databases);

/** Two partitions of an hour, the second of which follows the first. */
beforeEach(async () => {
  await emptyEverything();
  await store(databases, { events: [0, 1].map((hour) => eventRow({ occurredAt: MORNING + hour * HOUR })) }, HOUR);
  await first.binding.prepare("UPDATE partitions SET created_at = ?1").bind(MORNING).run();
});

async function toSeal(changes: Partial<CompactionSettings>, now: number): Promise<number | null> {
  const settings = { ...EAGER, hotMicros: DAY, graceMicros: 10 * MINUTE, ...changes };
  const found = await partitionToSeal(databases, await loadPartitionMap(first, NO_PARTITIONS), settings, now);
  return found === null ? null : (found.from - MORNING) / HOUR;
}

it("is the oldest partition whose hot window is over", async () => {
  expect(await toSeal({}, MORNING + HOUR + DAY - 1)).toBeNull();
  expect(await toSeal({}, MORNING + HOUR + DAY)).toBe(0);
  expect(await toSeal({}, MORNING + 5 * DAY)).toBe(0);
});

it("waits for a partition that was created after its end, as for an import", async () => {
  await first.binding
    .prepare("UPDATE partitions SET created_at = ?1 WHERE from_us = ?2")
    .bind(MORNING + 2 * DAY, MORNING)
    .run();
  expect(await toSeal({}, MORNING + 2 * DAY + HOUR)).toBe(1);
});

it("is one with copies that a thorough erasure waits for, after the grace period", async () => {
  const [, second] = (await loadPartitionMap(first, NO_PARTITIONS)).partitions;
  await recordRemainder(first.binding, `events_${second?.id}`, MORNING).run();
  const after = MORNING + 2 * HOUR + 10 * MINUTE;
  expect(await toSeal({}, after)).toBeNull();
  await first.binding
    .prepare(
      `INSERT INTO erasures (id, kind, before_at, updated_at, status, step, state, sessions, events, errors, thorough)
       VALUES ('a', 'session', 1, 1, 'running', 5, json_object('pass', 2, 'phase', 'copies', 'since', ?1), 0, 0, 0, 1)`,
    )
    .bind(MORNING)
    .run();
  expect(await toSeal({}, after - 1)).toBeNull();
  expect(await toSeal({}, after)).toBe(1);
});

it("is the oldest closed one after the grace period if a database is too large", async () => {
  expect(await toSeal({ hotBytes: 1 }, MORNING + HOUR + 9 * MINUTE)).toBeNull();
  expect(await toSeal({ hotBytes: 1 }, MORNING + HOUR + 10 * MINUTE)).toBe(0);
  expect(await toSeal({}, MORNING + HOUR + 10 * MINUTE)).toBeNull();
});

it("counts from the creation of a partition as long as it has tables", async () => {
  const ids = async (state: string) => {
    await first.binding.prepare("UPDATE partitions SET state = ?1 WHERE from_us = ?2").bind(state, MORNING).run();
    return [...(await creations(first))];
  };
  const [one, other] = (await loadPartitionMap(first, NO_PARTITIONS)).partitions.map(({ id }) => [id, MORNING]);
  expect(await ids("open")).toEqual([one, other]);
  expect(await ids("sealed")).toEqual([one, other]);
  expect(await ids("archived")).toEqual([one, other]);
  expect(await ids("dropped")).toEqual([other]);
});
