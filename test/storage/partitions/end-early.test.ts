import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { type Database, databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { earliestEnd } from "../../../src/storage/partitions/end-early";
import { maintainPartitions } from "../../../src/storage/partitions/partition-maintenance";
import { addPartition } from "../../../src/storage/partitions/partition-records";
import { createPartitionStore } from "../../../src/storage/partitions/partition-store";
import { emptyDatabases } from "../empty-databases";
import { databaseOfSize } from "../failing-database";
import { DAY, HOUR, MINUTE, MORNING, SECOND } from "../seed";

const databases = databasesOf(env);
const first = firstDatabase(databases);
const NOW = MORNING + 2 * HOUR;

let lines: Record<string, unknown>[] = [];

beforeEach(async () => {
  lines = [];
  await emptyDatabases(databases);
  await first.binding.prepare("INSERT INTO series VALUES (1, 2, 'pageview', 'shop', 0)").run();
});

const storeAt = (now: number, shared: readonly Database[]) =>
  createPartitionStore(shared, { widthMicros: 28 * DAY }, () => now / 1_000);

it("ends a partition after every event that is stored with an older map, at a quarter of an hour", () => {
  // Five minutes of tolerance, and two for the map.
  expect(earliestEnd(MORNING, 5 * MINUTE)).toBe(MORNING + 15 * MINUTE);
  expect(earliestEnd(MORNING + 8 * MINUTE, 5 * MINUTE)).toBe(MORNING + 15 * MINUTE);
  expect(earliestEnd(MORNING + 8 * MINUTE + 1, 5 * MINUTE)).toBe(MORNING + 30 * MINUTE);
  expect(earliestEnd(MORNING, 30 * MINUTE)).toBe(MORNING + 45 * MINUTE);
});

/** The cron's work at a given time, in an isolate that has not read anything yet. */
async function maintain(now: number, shared: readonly Database[] = [first]) {
  const log = (line: Record<string, unknown>) => lines.push(line);
  const partitions = storeAt(now, shared);
  await maintainPartitions({ databases: shared, partitions, futureToleranceMicros: MINUTE, log }, now);
}

const mapNow = () => storeAt(NOW, databases).latest();
const slotsNow = async () => (await mapNow()).partitions.map(({ slotMicros }) => slotMicros / SECOND);

/** A partition of four weeks in the first database. */
async function makePartition(slotSeconds: number, from = MORNING) {
  const range = { moment: from, from, to: from + 28 * DAY };
  await addPartition(first, { ...range, databases: [0], slotMicros: slotSeconds * SECOND, now: from });
  await storeAt(from, [first]).covering([from]);
}

/** Makes the first database count this traffic in each of the minutes before a time. */
async function count(perSecond: number, until: number, minutes = 10) {
  const map = await mapNow();
  const events = Math.round(perSecond * 60);
  const statements = Array.from({ length: minutes }, (_, n) => {
    const minute = Math.floor(until / MINUTE - 1 - n) * 60;
    const suffix = map.find(minute * SECOND)?.id;
    const hour = Math.floor(minute / 3_600) * 3_600;
    return suffix === undefined
      ? []
      : [
          first.binding.prepare(`INSERT INTO minutes_${suffix} VALUES (0, ${minute}, ${events}, '{}')`),
          first.binding.prepare(
            `INSERT INTO counts VALUES (3600, 0, ${hour}, ${events}, '{}')
             ON CONFLICT DO UPDATE SET events = events + excluded.events`,
          ),
        ];
  });
  await first.binding.batch(statements.flat());
}

describe("a partition with wide slots", () => {
  it.each([
    [60, 11, 20],
    [60, 30, 4],
    [20, 41, 4],
    [4, 401, 1],
  ])("of %d s is ended early at %d events a second; the next one has slots of %d s", async (slot, rate, next) => {
    await makePartition(slot);
    await count(rate, NOW);
    await maintain(NOW);
    const end = NOW + HOUR / 4;
    const { partitions } = await mapNow();
    expect(partitions).toMatchObject([
      { from: MORNING, to: end, slotMicros: slot * SECOND },
      { from: end, slotMicros: next * SECOND, ready: true },
    ]);
    expect(lines).toEqual([
      { log: "partition_cut", partition: 1, reason: expect.stringContaining(`slots of ${next} s`) },
    ]);
    for (let minute = 1; minute < 30; minute += 7) {
      await maintain(NOW + minute * MINUTE);
      await count(rate, NOW + (minute + 7) * MINUTE, 7);
    }
    expect((await mapNow()).partitions).toEqual(partitions);
  });

  it.each([
    [60, 10],
    [20, 40],
    [4, 400],
    [60, 0],
    [4, 0.01],
  ])("of %d s is not ended by %d events a second", async (slot, rate) => {
    await makePartition(slot);
    await count(rate, NOW);
    await maintain(NOW);
    expect((await mapNow()).partitions).toMatchObject([{ to: MORNING + 28 * DAY }]);
    expect(lines).toEqual([]);
  });

  it("is not ended by a burst of some seconds", async () => {
    await makePartition(60);
    await count(90, NOW, 1);
    await maintain(NOW);
    expect(await slotsNow()).toEqual([60]);
  });

  it("is at least an hour long", async () => {
    await makePartition(60, NOW);
    await count(50, NOW + 45 * MINUTE, 45);
    await maintain(NOW + 40 * MINUTE);
    expect(await slotsNow()).toEqual([60]);
    await maintain(NOW + 45 * MINUTE);
    expect((await mapNow()).partitions).toMatchObject([
      { to: NOW + HOUR },
      { from: NOW + HOUR, slotMicros: 4 * SECOND },
    ]);
  });

  it("is not ended if more databases will share the next one, so that it would get no narrower slots", async () => {
    await makePartition(60);
    await count(14, NOW);
    await maintain(NOW, databases);
    expect(await slotsNow()).toEqual([60]);
    await maintain(NOW);
    expect(await slotsNow()).toEqual([60, 20]);
  });

  it("is not ended while no database has room for the next one", async () => {
    await makePartition(60);
    await count(14, NOW);
    await maintain(NOW, [databaseOfSize(first, 8_500_000_000)]);
    expect(await slotsNow()).toEqual([60]);
    expect(lines).toEqual([]);
  });
});

it("traffic that comes and goes ends a partition once for each narrower width", async () => {
  await makePartition(60);
  const rates = [0.1, 0.1, 12, 0.1, 50, 0.1, 700, 0.1, 12, 0.1, 50, 2, 3_000, 0.1, 450, 0.1];
  let now = MORNING;
  for (const rate of [...rates, ...rates]) {
    for (let step = 0; step < 4; step++) {
      now += 10 * MINUTE;
      await count(rate, now);
      await maintain(now);
    }
  }
  const { partitions } = await mapNow();
  expect(partitions.map(({ slotMicros }) => slotMicros / SECOND)).toEqual([60, 20, 4, 1]);
  expect(partitions.at(-1)?.to).toBeGreaterThan(now);
  for (const { from, to } of partitions) expect(to - from).toBeGreaterThanOrEqual(HOUR);
});
