import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { type Database, databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { failureOf } from "../../../src/storage/core/transport-errors";
import { WINDOW_MICROS } from "../../../src/storage/partitions/partition";
import { sealPartition } from "../../../src/storage/partitions/partition-lifecycle";
import type { PartitionMap } from "../../../src/storage/partitions/partition-map";
import { addCommonCategories, addPartition } from "../../../src/storage/partitions/partition-records";
import { createPartitionStore, MAX_MAP_AGE_MS } from "../../../src/storage/partitions/partition-store";
import { emptyDatabases } from "../empty-databases";
import { changedDatabase, databaseOfSize, failingDatabase, fullDatabase } from "../failing-database";
import { DAY, eventRow, HOUR, MINUTE, MORNING, store } from "../seed";

const databases = databasesOf(env);
const [zero, one, two] = databases;
if (zero === undefined || one === undefined || two === undefined) throw new Error("three databases");

beforeEach(() => emptyDatabases(databases));

const storeAt = (now: number, shared: readonly Database[] = databases, widthMicros: number | null = DAY) =>
  createPartitionStore(shared, { widthMicros }, () => now / 1_000);

async function tablesOf({ binding }: Database): Promise<string[]> {
  const { results } = await binding
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB '*_[0-9]*' ORDER BY name")
    .all<{ name: string }>();
  return results.map(({ name }) => name);
}

const rangesOf = ({ partitions }: PartitionMap) => partitions.map(({ from, to }) => [from, to]);

function expectNoOverlap({ partitions }: PartitionMap) {
  for (const [n, { from, to }] of partitions.entries()) {
    expect(from).toBeLessThan(to);
    expect([from % WINDOW_MICROS, to % WINDOW_MICROS]).toEqual([0, 0]);
    if (n > 0) expect(partitions[n - 1]?.to).toBeLessThanOrEqual(from);
  }
}

describe("the partitions of any timestamps", () => {
  const anyWidth = fc.constantFrom(HOUR / 4, HOUR, 6 * HOUR, DAY, 28 * DAY);
  /** Timestamps of events: now, in the last days, in any year, and at the boundaries of windows. */
  const anyAge = fc.oneof(
    fc.integer({ min: -MINUTE, max: HOUR }),
    fc.integer({ min: 0, max: 90 * DAY }),
    fc.integer({ min: 0, max: MORNING }),
    fc.nat({ max: 400 }).map((windows) => windows * WINDOW_MICROS + (MORNING % WINDOW_MICROS)),
  );
  const anyCalls = fc.array(
    fc.record({
      after: fc.integer({ min: 0, max: 40 * DAY }),
      width: anyWidth,
      creators: fc.array(fc.array(anyAge, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 4 },
  );

  it("cover each of them exactly once, at any time, with any width and with concurrent consumers", async () => {
    await fc.assert(
      fc.asyncProperty(anyCalls, async (calls) => {
        await emptyDatabases([zero]);
        const placed = new Map<number, number>();
        let now = MORNING;
        for (const { after, width, creators } of calls) {
          now += after;
          const wanted = creators.map((ages) => ages.map((age) => Math.max(0, now - age)));
          const maps = await Promise.all(wanted.map((moments) => storeAt(now, [zero], width).covering(moments)));
          for (const [n, moments] of wanted.entries()) {
            for (const moment of moments) {
              const partition = maps[n]?.find(moment);
              expect(partition).toMatchObject({ state: "open", ready: true });
              expect(placed.get(moment) ?? partition?.id).toBe(partition?.id);
              placed.set(moment, partition?.id ?? 0);
            }
          }
        }
        const map = await storeAt(now, [zero]).latest();
        expectNoOverlap(map);
        for (const [moment, id] of placed) {
          expect(map.partitions.filter(({ from, to }) => from <= moment && moment < to).map((p) => p.id)).toEqual([id]);
        }
        expect(await tablesOf(zero)).toHaveLength(4 * map.partitions.length);
      }),
      { numRuns: 12 },
    );
  });

  it("are at most about sixty for all the years from 1970 to 2026", async () => {
    const now = Date.UTC(2026, 10, 26, 12) * 1_000;
    const store = storeAt(now, [zero], null);
    const moments = Array.from({ length: 400 }, (_, n) => Math.floor((now / 400) * n) + n * 7_919);
    const map = await store.covering([...moments, 0, now, now + MINUTE, now - DAY, now - 60 * DAY]);
    expectNoOverlap(map);
    expect(map.partitions.length).toBeGreaterThanOrEqual(57);
    expect(map.partitions.length).toBeLessThanOrEqual(60);
  });

  it("are regular from the range of now on, and calendar years before it", async () => {
    const map = await storeAt(MORNING, [zero], HOUR).covering([
      MORNING,
      MORNING + HOUR,
      MORNING - 1,
      MORNING - 400 * DAY,
    ]);
    const year = (n: number) => Date.UTC(n, 0) * 1_000;
    expect(rangesOf(map)).toEqual([
      [year(2019), year(2020)],
      [year(2021), MORNING],
      [MORNING, MORNING + HOUR],
      [MORNING + HOUR, MORNING + 2 * HOUR],
    ]);
  });

  it("follow from the traffic of the last day if no width is set", async () => {
    await storeAt(MORNING, [zero], null).covering([MORNING]);
    const { results } = await zero.binding
      .prepare("SELECT (to_us - from_us) / 3600000000 AS hours FROM partitions")
      .all();
    expect(results).toEqual([{ hours: 24 }]);
    // A hundred million events in the last day.
    const hour = (MORNING + 2 * DAY - 2 * HOUR) / 1_000_000;
    await zero.binding.batch([
      zero.binding.prepare(
        "INSERT INTO series (series_id, category_id, name, application, first_day) VALUES (1, 1, '', 'a', 1)",
      ),
      zero.binding.prepare("INSERT INTO counts VALUES (3600, 0, ?1, 100000000, '{\"1\":100000000}')").bind(hour),
    ]);
    const map = await storeAt(MORNING + 2 * DAY, [zero], null).covering([MORNING + 2 * DAY]);
    expect(map.find(MORNING + 2 * DAY)).toMatchObject({
      from: MORNING + 2 * DAY,
      to: MORNING + 2 * DAY + HOUR,
      slotMicros: 1_000_000,
    });
  });

  it("have wide slots if there is little traffic, and slots of 4 seconds if none is known, as for calendar years", async () => {
    const before = await storeAt(MORNING, [zero]).covering([MORNING]);
    expect(before.partitions).toMatchObject([{ slotMicros: 4_000_000 }]);
    await store([zero], { events: [eventRow({ occurredAt: MORNING })] }, DAY);
    const next = MORNING + 15 * HOUR;
    const map = await storeAt(next, [zero]).covering([next, MORNING - 400 * DAY]);
    expect(map.find(next)?.slotMicros).toBe(60_000_000);
    expect(map.find(MORNING - 400 * DAY)?.slotMicros).toBe(4_000_000);
    // Existing partitions keep theirs.
    expect(map.find(MORNING)?.slotMicros).toBe(4_000_000);
  });
});

describe("the map of a store", () => {
  it("is at most half a minute old", async () => {
    let now = MORNING / 1_000;
    const store = createPartitionStore([zero], { widthMicros: DAY }, () => now);
    const before = await store.covering([MORNING]);
    const partition = before.find(MORNING);
    if (partition === null) throw new Error("no partition");
    await addCommonCategories(zero, partition, ["page"], MORNING);
    now += MAX_MAP_AGE_MS - 1;
    expect(await store.current()).toBe(before);
    expect(await store.covering([MORNING])).toBe(before);
    now += 1;
    expect((await store.current()).find(MORNING)?.common).toEqual(new Map([["page", MORNING]]));
  });

  it("is read once if many callers need what it covers", async () => {
    let reads = 0;
    const prepare: D1Database["prepare"] = (sql) => {
      if (sql.includes("FROM revisions")) reads += 1;
      return zero.binding.prepare(sql);
    };
    const store = storeAt(MORNING, [changedDatabase(zero, { prepare })]);
    await store.covering([MORNING]);
    reads = 0;
    for (let n = 0; n < 20; n++) await store.covering([MORNING, MORNING + n]);
    expect(reads).toBe(0);
    await store.latest();
    expect(reads).toBe(1);
  });
});

describe("a partition without all of its tables", () => {
  const range = { moment: MORNING, from: MORNING, to: MORNING + DAY, slotMicros: 4_000_000, now: MORNING };

  it("is completed by the next consumer that needs it, also by several at once", async () => {
    await addPartition(zero, { ...range, databases: [0, 2] });
    await Promise.all([1, 2, 3].map(() => storeAt(MORNING).covering([MORNING])));
    const map = await storeAt(MORNING).latest();
    expect(map.partitions).toMatchObject([{ ready: true }]);
    const suffix = map.partitions[0]?.id;
    const names = ["activity", "events", "minutes", "visits"].map((table) => `${table}_${suffix}`);
    expect([await tablesOf(zero), await tablesOf(one), await tablesOf(two)]).toEqual([names, [], names]);
  });

  it("stays incomplete while one of its databases is unreachable", async () => {
    const away = failingDatabase(two, "D1_ERROR: Network connection lost.");
    await addPartition(zero, { ...range, databases: [0, 2] });
    await expect(storeAt(MORNING, [zero, one, away]).covering([MORNING])).rejects.toThrow("Network connection lost");
    expect((await storeAt(MORNING).latest()).partitions).toMatchObject([{ ready: false }]);
    expect((await storeAt(MORNING).covering([MORNING])).partitions).toMatchObject([{ ready: true }]);
  });

  it("gets its late lane if it was closed without one", async () => {
    const store = storeAt(MORNING);
    const partition = (await store.covering([MORNING])).find(MORNING);
    if (partition === null) throw new Error("no partition");
    await sealPartition(databases, partition);
    await zero.binding.prepare("UPDATE partitions SET late = 0").run();
    const map = await storeAt(MORNING).covering([MORNING]);
    expect(map.find(MORNING)).toMatchObject({ state: "sealed", late: true });
    expect(await tablesOf(one)).toContain(`events_${partition.id}l`);
  });
});

describe("a new partition", () => {
  const sharedBy = async (shared: readonly Database[], moment: number) =>
    (await storeAt(moment, shared, HOUR).covering([moment])).find(moment)?.databases;

  it("leaves out a database that is full or large, and uses it again when it has room", async () => {
    expect(await sharedBy(databases, MORNING)).toEqual([0, 1, 2]);
    expect(await sharedBy([zero, fullDatabase(one), two], MORNING + HOUR)).toEqual([0, 2]);
    expect(await sharedBy([zero, one, databaseOfSize(two, 8_000_000_000)], MORNING + 2 * HOUR)).toEqual([0, 1]);
    expect(await sharedBy([zero, one, databaseOfSize(two, 7_999_999_999)], MORNING + 3 * HOUR)).toEqual([0, 1, 2]);
    const map = await storeAt(MORNING).latest();
    expect(map.partitions.map((partition) => partition.databases)).toEqual([
      [0, 1, 2],
      [0, 2],
      [0, 1],
      [0, 1, 2],
    ]);
  });

  it("uses an added database from the next one on, and earlier ones stay unchanged", async () => {
    expect(await sharedBy([zero, one], MORNING)).toEqual([0, 1]);
    expect(await sharedBy(databases, MORNING)).toEqual([0, 1]);
    expect(await sharedBy(databases, MORNING + HOUR)).toEqual([0, 1, 2]);
    expect(await tablesOf(two)).toHaveLength(4);
  });

  it("is not created if no database has room: its events wait, as for an overloaded database", async () => {
    const full = [zero, one].map(fullDatabase);
    const failure = await storeAt(MORNING, full)
      .covering([MORNING])
      .then(() => null, failureOf);
    expect(failure).toBe("overloaded");
    expect((await storeAt(MORNING).latest()).partitions).toEqual([]);
  });

  it("keeps the common categories of the last one", async () => {
    const store = storeAt(MORNING, databases, HOUR);
    const partition = (await store.covering([MORNING])).find(MORNING);
    if (partition === null) throw new Error("no partition");
    await addCommonCategories(firstDatabase(databases), partition, ["page"], MORNING + MINUTE);
    const map = await storeAt(MORNING + HOUR, databases, HOUR).covering([MORNING + HOUR, 0]);
    expect(map.find(MORNING + HOUR)?.common).toEqual(new Map([["page", 0]]));
    expect(map.find(0)?.common).toEqual(new Map([["page", 0]]));
  });
});
