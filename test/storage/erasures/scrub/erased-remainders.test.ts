import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../../src/storage/core/databases";
import {
  freeRemainder,
  noteTooLarge,
  overwriteRemainders,
  partitionOfTable,
  readRemainders,
  recordRemainder,
} from "../../../../src/storage/erasures/scrub/erased-remainders";
import { recordFrees } from "../../../../src/storage/erasures/scrub/free-space";
import { dropPartition, sealPartition } from "../../../../src/storage/partitions/partition-lifecycle";
import { emptyDatabases } from "../../empty-databases";
import { eventRow, partitionsOf, store } from "../../seed";

const databases = databasesOf(env);
const database = firstDatabase(databases);
const { binding } = database;

beforeEach(() => emptyDatabases(databases));

async function openPartition() {
  await store([database], { events: [eventRow()] });
  const [partition] = (await partitionsOf([database]).latest()).partitions;
  if (partition === undefined) throw new Error("there is no partition");
  return partition;
}

const records = async () => (await readRemainders(database)).map(({ table, isFree }) => [table, isFree]);

it("a table is recorded once, with its first and its last time", async () => {
  for (const now of [5, 9, 7]) await recordRemainder(binding, "errors", now).run();
  await noteTooLarge(database, "errors", 11);
  expect(await readRemainders(database)).toEqual([
    { table: "errors", firstAt: 5, lastAt: 9, checkedAt: 11, isFree: false },
  ]);
});

it("a table that was written again keeps its record until free pages are overwritten", async () => {
  const dirty = () => binding.prepare("SELECT frees - overwritten AS n FROM free_space").first<number>("n");
  await binding.batch(freeRemainder(binding, "errors"));
  expect([await records(), await dirty()]).toEqual([[], 0]);
  await recordRemainder(binding, "errors", 5).run();
  await binding.batch(freeRemainder(binding, "errors"));
  expect([await records(), await dirty()]).toEqual([[["errors", true]], 1]);
  await recordRemainder(binding, "errors", 6).run();
  expect(await overwriteRemainders(database, { left: 9 })).toBe(true);
  expect(await records()).toEqual([["errors", false]]);
  await binding.batch(freeRemainder(binding, "errors"));
  expect(await overwriteRemainders(database, { left: 9 })).toBe(true);
  expect([await records(), await dirty()]).toEqual([[], 0]);
});

it("the table of a partition has one record while it is open, sealed and dropped", async () => {
  const partition = await openPartition();
  const table = `events_${partition.id}`;
  await recordRemainder(binding, table, 1).run();
  expect(await records()).toEqual([[table, false]]);
  await sealPartition([database], partition);
  await recordRemainder(binding, `${table}s`, 1).run();
  expect(await records()).toEqual([[table, false]]);
  await dropPartition([database], partition);
  expect(await records()).toEqual([[table, true]]);
});

describe("a table that was dropped", () => {
  it("keeps its record until all free pages are overwritten", async () => {
    await recordRemainder(binding, "events_77", 1).run();
    await recordRemainder(binding, "errors", 1).run();
    await recordFrees(binding).run();
    expect(await overwriteRemainders(database, { left: 0 })).toBe(false);
    expect(await records()).toEqual([
      ["errors", false],
      ["events_77", true],
    ]);
    expect(await overwriteRemainders(database, { left: 9 })).toBe(true);
    expect(await records()).toEqual([["errors", false]]);
    const space = binding.prepare("SELECT frees - overwritten AS dirty FROM free_space");
    expect(await space.first<number>("dirty")).toBe(0);
  });

  it("keeps its record if it was dropped while the pages were overwritten", async () => {
    const partition = await openPartition();
    const table = `events_${partition.id}`;
    await recordRemainder(binding, table, 1).run();
    let isDropped = false;
    const dropping = {
      prepare: (sql: string) => {
        // After the read of the records, and before that of the free space.
        const all = async () => {
          if (!isDropped) await dropPartition([database], partition);
          isDropped = true;
          return binding.prepare(sql).all();
        };
        return sql.includes("free_space_zeros") ? { all, run: () => binding.prepare(sql).run() } : binding.prepare(sql);
      },
    };
    await recordFrees(binding).run();
    expect(await overwriteRemainders({ index: 0, binding: dropping as unknown as D1Database }, { left: 9 })).toBe(true);
    expect(await records()).toEqual([[table, true]]);
  });
});

it("a table's name has its partition and its lane", () => {
  expect(["events_12", "events_12l", "errors", "error_parts"].map(partitionOfTable)).toEqual([
    { id: 12, isLate: false },
    { id: 12, isLate: true },
    null,
    null,
  ]);
});
