import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { databasesOf } from "../../../src/storage/core/databases";
import { cutPartition } from "../../../src/storage/partitions/partition-records";
import { eventsPerSecond, recentTraffic } from "../../../src/storage/partitions/recent-traffic";
import { emptyDatabases } from "../empty-databases";
import { DAY, eventRow, HOUR, MINUTE, MORNING, partitionsOf, store } from "../seed";

const databases = databasesOf(env);
const NOW = MORNING + HOUR + MINUTE / 2;

beforeEach(() => emptyDatabases(databases));

/** Stores an event of another session at each time. */
async function storeAt(moments: readonly number[]) {
  const events = moments.map((occurredAt, n) => eventRow({ session: `session ${n}`, occurredAt }));
  await store([...databases], { events });
}

const mapNow = () => partitionsOf(databases).latest();
const times = (count: number, moment: number) => Array.from({ length: count }, () => moment);

it("is the rate of the last ten whole minutes, in all of the databases", async () => {
  await partitionsOf(databases).covering([MORNING]);
  expect(await eventsPerSecond(databases, await mapNow(), NOW)).toBe(0);
  const minute = MORNING + HOUR;
  await storeAt([
    ...times(20, minute),
    ...times(30, minute - 1),
    ...times(12, minute - 10 * MINUTE),
    ...times(20, minute - 10 * MINUTE - 1),
  ]);
  expect(await eventsPerSecond(databases, await mapNow(), NOW)).toBe(42 / 600);
  const [first] = databases;
  const own = await eventsPerSecond(first === undefined ? [] : [first], await mapNow(), NOW);
  expect(own).toBeGreaterThan(0);
  expect(own).toBeLessThan(42 / 600);
});

it("continues over the end of a partition", async () => {
  const [first] = databases;
  const partition = (await partitionsOf(databases).covering([MORNING])).find(MORNING);
  if (first === undefined || partition === null) throw new Error("no partition");
  await cutPartition(first, partition, MORNING + HOUR);
  await storeAt([...times(7, MORNING + HOUR - 3 * MINUTE), ...times(5, MORNING + HOUR + MINUTE)]);
  expect((await mapNow()).partitions).toHaveLength(2);
  expect(await eventsPerSecond(databases, await mapNow(), MORNING + HOUR + 3 * MINUTE)).toBe(12 / 600);
});

it("is that of the busiest hour of the last day, if that had more", async () => {
  const own = databases.slice(0, 1);
  const recent = async () => recentTraffic(own, await mapNow(), NOW);
  const moments = [...times(90, MORNING - 2 * HOUR), ...times(80, MORNING - HOUR), ...times(500, MORNING - 2 * DAY)];
  await store([...own], { events: moments.map((occurredAt) => eventRow({ occurredAt })) });
  expect(await recent()).toEqual({ events: 170, databases: 1, perSecond: 90 / 3_600 });
  await store([...own], { events: times(60, MORNING + HOUR - MINUTE).map((occurredAt) => eventRow({ occurredAt })) });
  expect(await recent()).toEqual({ events: 230, databases: 1, perSecond: 60 / 600 });
});
