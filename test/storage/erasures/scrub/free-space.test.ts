import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../../src/storage/core/databases";
import {
  FILLED_BYTES,
  overwriteFreeSpace,
  raisePeak,
  recordFrees,
  recordPeak,
} from "../../../../src/storage/erasures/scrub/free-space";
import { emptyDatabases } from "../../empty-databases";

const databases = databasesOf(env);
const database = firstDatabase(databases);
const { binding } = database;

beforeEach(() => emptyDatabases(databases));

const size = async () => (await binding.prepare("SELECT 1").all()).meta.size_after;

async function space() {
  const row = await binding
    .prepare("SELECT frees - overwritten AS dirty, peak_bytes AS peak FROM free_space")
    .first<{ dirty: number; peak: number }>();
  const filled = await binding.prepare(FILLED_BYTES).first<number>("filled");
  return { ...row, filled };
}

/** Frees about 60 MB. */
async function free(): Promise<number> {
  await binding.prepare("CREATE TABLE large (b BLOB)").run();
  await binding.prepare("INSERT INTO large SELECT zeroblob(1500000) FROM numbers LIMIT 40").run();
  await recordPeak(database);
  const largest = await size();
  await binding.batch([binding.prepare("DROP TABLE large"), recordFrees(binding)]);
  return largest;
}

describe("the free pages of a database", () => {
  it("are not touched if nothing was freed", async () => {
    await raisePeak(binding, 10 ** 9);
    expect(await overwriteFreeSpace(database, { left: 0 })).toBe(true);
  });

  it("are filled up to the largest size, step by step, and are free again afterwards", async () => {
    const largest = await free();
    const small = await size();
    expect(await space()).toEqual({ dirty: 1, peak: largest, filled: 0 });
    const filled: (number | null)[] = [];
    while (!(await overwriteFreeSpace(database, { left: 1 }))) filled.push((await space()).filled);
    // Two transactions fill, two empty.
    expect(filled.length).toBe(3);
    expect(Math.max(...filled.map(Number))).toBeGreaterThan(largest - small);
    const { peak, ...rest } = await space();
    expect(rest).toEqual({ dirty: 0, filled: 0 });
    expect(peak).toBeGreaterThanOrEqual(largest);
    expect(peak).toBeLessThan(largest + 4_000_000);
    expect(await size()).toBe(small);
    expect(await overwriteFreeSpace(database, { left: 0 })).toBe(true);
  });

  it("are filled once more if more is freed meanwhile", async () => {
    await free();
    expect(await overwriteFreeSpace(database, { left: 1 })).toBe(false);
    await recordFrees(binding).run();
    expect((await space()).dirty).toBe(2);
    expect(await overwriteFreeSpace(database, { left: 100 })).toBe(true);
    expect(await space()).toMatchObject({ dirty: 0, filled: 0 });
  });

  it("are not filled in a database that is nearly full", async () => {
    await raisePeak(binding, 9_900_000_000);
    const almost = {
      index: 0,
      binding: {
        prepare: (sql: string) => ({
          bind: (...values: unknown[]) => binding.prepare(sql).bind(...values),
          run: () => binding.prepare(sql).run(),
          all: async () => {
            const { results, meta } = await binding.prepare(sql).all();
            return { results, meta: { ...meta, size_after: 9_600_000_000 } };
          },
        }),
      } as unknown as D1Database,
    };
    await recordFrees(binding).run();
    expect(await overwriteFreeSpace(almost, { left: 0 })).toBe(true);
  });
});

it("a peak only rises", async () => {
  await raisePeak(binding, 5_000_000_000);
  await recordPeak(database);
  await raisePeak(binding, 4_000_000_000);
  expect((await space()).peak).toBe(5_000_000_000);
});
