import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { type Database, databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import type { Maintenance } from "../../../src/storage/partitions/end-early";
import { WINDOW_MICROS } from "../../../src/storage/partitions/partition";
import { sealPartition } from "../../../src/storage/partitions/partition-lifecycle";
import { maintainPartitions } from "../../../src/storage/partitions/partition-maintenance";
import { createPartitionStore, MAP_LEAD_MICROS } from "../../../src/storage/partitions/partition-store";
import { emptyDatabases } from "../empty-databases";
import { databaseOfSize, failingDatabase, fullDatabase } from "../failing-database";
import { DAY, HOUR, MINUTE, MORNING } from "../seed";

const databases = databasesOf(env);
const first = firstDatabase(databases);
const TOLERANCE = MINUTE;
const NOW = MORNING + 2 * HOUR;

let lines: Record<string, unknown>[] = [];

beforeEach(async () => {
  lines = [];
  await emptyDatabases(databases);
});

const storeAt = (now: number, shared: readonly Database[]) =>
  createPartitionStore(shared, { widthMicros: DAY }, () => now / 1_000);

/** The cron's work at a given time, in an isolate that has not read anything yet. */
async function maintain(now = NOW, shared: readonly Database[] = databases) {
  const maintenance: Maintenance = {
    databases: shared,
    partitions: storeAt(now, shared),
    futureToleranceMicros: TOLERANCE,
    log: (line) => lines.push(line),
  };
  await maintainPartitions(maintenance, now);
}

const mapNow = () => storeAt(NOW, databases).latest();
const partitionAt = async (moment: number) => (await mapNow()).find(moment);

/** Makes a database count events of these categories in the hour of the given time. */
async function count({ binding }: Database, events: Record<string, number>, moment = MORNING) {
  for (const [category, number] of Object.entries(events)) {
    await binding.prepare("INSERT INTO categories (category) VALUES (?1) ON CONFLICT DO NOTHING").bind(category).run();
    await binding
      .prepare(
        `INSERT INTO series (category_id, name, application, first_day) SELECT category_id, 'view', 'shop', 1
         FROM categories WHERE category = ?1 ON CONFLICT DO NOTHING`,
      )
      .bind(category)
      .run();
    for (const seconds of [3_600, 86_400]) {
      await binding
        .prepare(
          `INSERT INTO counts (seconds, page, bucket, events, by_series)
           SELECT ?1, 0, ?2, ?3, json_object(CAST(series_id AS TEXT), ?3) FROM series JOIN categories USING (category_id)
           WHERE category = ?4
           ON CONFLICT DO UPDATE SET events = events + excluded.events, by_series = json_patch(by_series, excluded.by_series)`,
        )
        .bind(seconds, Math.floor(moment / 1_000_000 / seconds) * seconds, number, category)
        .run();
    }
  }
}

describe("the next partition", () => {
  it("is created half an hour before its start", async () => {
    const end = Math.ceil(NOW / DAY) * DAY;
    await maintain(end - 30 * MINUTE - 1);
    expect((await mapNow()).partitions).toMatchObject([{ to: end }]);
    await maintain(end - 30 * MINUTE);
    expect((await mapNow()).partitions).toMatchObject([{ to: end }, { from: end, to: end + DAY, ready: true }]);
    await maintain(end - 29 * MINUTE);
    expect((await mapNow()).partitions).toHaveLength(2);
    expect(lines).toEqual([]);
  });
});

describe("the common categories", () => {
  it("are those with at least a twenty-fourth of the events, effective from the lead after their detection", async () => {
    await maintain();
    await count(first, { page: 3_650, form: 160 });
    const [, second] = databases;
    if (second !== undefined) await count(second, { form: 40, rare: 199, page: 751 });
    await maintain(NOW + MINUTE);
    const since = NOW + MINUTE + MAP_LEAD_MICROS;
    expect((await partitionAt(NOW))?.common).toEqual(
      new Map([
        ["page", since],
        ["form", since],
      ]),
    );
  });

  it("are not detected below four thousand events", async () => {
    await maintain();
    await count(first, { page: 3_999 });
    await maintain();
    expect((await partitionAt(NOW))?.common).toEqual(new Map());
  });

  it("stay common permanently, from the first recorded time, and the map is unchanged if none is new", async () => {
    await maintain();
    await count(first, { page: 5_000 });
    await maintain();
    const before = await mapNow();
    await count(first, { form: 900_000 });
    await maintain(NOW + MINUTE);
    const after = await mapNow();
    expect(after.find(NOW)?.common).toEqual(
      new Map([
        ["page", NOW + MAP_LEAD_MICROS],
        ["form", NOW + MINUTE + MAP_LEAD_MICROS],
      ]),
    );
    expect(after.revision).toBe(before.revision + 1);
    await maintain(NOW + 2 * MINUTE);
    expect((await mapNow()).revision).toBe(after.revision);
  });

  it("follow from the last day, within the partition's own range", async () => {
    await maintain();
    await count(first, { old: 9_000 }, Math.floor(NOW / DAY) * DAY - HOUR);
    await maintain();
    expect((await partitionAt(NOW))?.common).toEqual(new Map());
  });

  it("of coarse partitions are detected in turn, from all of their days", async () => {
    const moments = [Date.UTC(2001, 5), Date.UTC(2002, 5)].map((millis) => millis * 1_000);
    await storeAt(NOW, databases).covering([...moments, NOW]);
    for (const moment of moments) await count(first, { imported: 5_000 }, moment);
    for (let minute = 0; minute < 3; minute++) await maintain(NOW + minute * MINUTE);
    for (const moment of moments) expect([...((await partitionAt(moment))?.common.keys() ?? [])]).toEqual(["imported"]);
    expect((await partitionAt(NOW))?.common).toEqual(new Map());
  });
});

describe("the current partition", () => {
  const [, second, third] = databases;
  if (second === undefined || third === undefined) throw new Error("three databases");

  const reasons: [string, Database, string][] = [
    ["is full", fullDatabase(second), "Exceeded maximum DB size"],
    ["has 9 GB", databaseOfSize(second, 9_000_000_000), "9000000000 bytes"],
    ["is away", failingDatabase(second, "Network connection lost."), "Network connection lost."],
  ];

  it.each(reasons)(
    "is ended early if one of its databases %s; the next one leaves that database out",
    async (_, bad, reason) => {
      await maintain();
      const before = await partitionAt(NOW);
      const shared = [first, bad, third];
      // Another isolate, which counts nothing in an unreachable database.
      await maintain(NOW + MINUTE, shared);
      const cut = await partitionAt(NOW);
      expect(cut?.id).toBe(before?.id);
      const end = cut?.to ?? 0;
      expect(end).toBeLessThan(before?.to ?? 0);
      expect(end % WINDOW_MICROS).toBe(0);
      // No event can have reached the new end yet, for any consumer.
      expect(end).toBeGreaterThanOrEqual(NOW + MINUTE + TOLERANCE + 2 * MAP_LEAD_MICROS);
      expect(end).toBeLessThanOrEqual(NOW + MINUTE + TOLERANCE + 2 * MAP_LEAD_MICROS + WINDOW_MICROS);
      expect(lines.filter(({ log }) => log === "partition_cut")).toMatchObject([
        { partition: before?.id, database: 1, reason: expect.stringContaining(reason) },
      ]);
      await maintain(NOW + 2 * MINUTE, shared);
      const map = await mapNow();
      expect(map.find(end)).toMatchObject({ from: end, to: before?.to, databases: [0, 2] });
      // The next partition is not ended early again.
      await maintain(end + MINUTE, shared);
      expect((await mapNow()).find(end)).toMatchObject({ to: before?.to });
    },
  );

  it("is ended early if it has twice the events planned for a database", async () => {
    await maintain();
    const before = await partitionAt(NOW);
    await count(third, { page: 20_000_000 });
    await maintain();
    expect(await partitionAt(NOW)).toMatchObject({ to: before?.to });
    await count(third, { form: 1 });
    await maintain();
    expect((await partitionAt(NOW))?.to).toBeLessThan(before?.to ?? 0);
    expect(lines).toMatchObject([
      { log: "partition_cut", database: 2, reason: expect.stringContaining("20000001 events") },
    ]);
  });

  it("is not ended early while its databases have room, or if it ends soon anyway", async () => {
    await maintain();
    const end = (await partitionAt(NOW))?.to ?? 0;
    await maintain();
    expect((await partitionAt(NOW))?.to).toBe(end);
    const soon = end - TOLERANCE - 2 * MAP_LEAD_MICROS;
    await maintain(soon, [first, fullDatabase(second), third]);
    expect((await partitionAt(NOW))?.to).toBe(end);
  });

  it("is left alone if it is closed", async () => {
    await maintain();
    const partition = await partitionAt(NOW);
    if (partition === null) throw new Error("no partition");
    await sealPartition(databases, partition);
    await count(first, { page: 30_000_000 });
    await maintain();
    expect(await partitionAt(NOW)).toMatchObject({ state: "sealed", to: partition.to });
  });
});

it("each step fails independently, and failures are logged", async () => {
  await maintain(NOW, databases.map(fullDatabase));
  expect(lines).toMatchObject([{ log: "partitions", failures: [expect.stringContaining("no database has room")] }]);
  lines = [];
  await maintain(
    NOW,
    databases.map((database) => failingDatabase(database, "away")),
  );
  expect(lines).toEqual([{ log: "partitions", failures: ["away", "away"] }]);
});
