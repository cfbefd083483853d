import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { type EventTypeUsage, findUsage, type UsageQuestion } from "../../../src/storage/counts/event-type-usage";
import { readPartitionMap } from "../../../src/storage/partitions/known-partitions";
import { dropPartition } from "../../../src/storage/partitions/partition-lifecycle";
import { MAX_NEW_SERIES_PER_DAY } from "../../../src/storage/write/write-series";
import { errorRow, eventRow, HOUR, MINUTE, MORNING, SECOND, store } from "../seed";
import { rowsReadBy, watch } from "../watched-database";

const databases = databasesOf(env);
const day = Math.floor(MORNING / 86_400_000_000) * 86_400;
const everything: UsageQuestion = {
  after: null,
  only: null,
  applications: null,
  limit: 100,
  firstDay: day,
  lastDay: day,
};
const seconds = (moment: number) => moment / SECOND;

/** Partitions of one hour: more of them than one statement can read. */
const write = (rows: Parameters<typeof store>[1]) => store(databases, rows, HOUR);

beforeAll(async () => {
  const view = { category: "page interaction", name: "pageview" };
  const spread = Array.from({ length: 30 }, (_, n) =>
    eventRow({
      ...view,
      session: `s${n}`,
      application: n % 2 === 0 ? "shop" : "blog",
      occurredAt: MORNING + (7 + n * 11) * MINUTE + 30 * SECOND,
    }),
  );
  const submit = { category: "form interaction", name: "submit" };
  await write({
    events: [...spread, eventRow({ ...submit, occurredAt: MORNING + 12 * MINUTE })],
    errors: [errorRow(submit), errorRow({ category: "never", name: "stored" }), errorRow({ category: null })],
  });
});

function find(used: EventTypeUsage[], name: string): EventTypeUsage | undefined {
  return used.find((one) => one.name === name);
}

describe("findUsage", () => {
  it("returns each type with the minutes of its first and last event, and its numbers, over all databases", async () => {
    expect(await findUsage(databases, everything)).toEqual([
      {
        ...{ category: "form interaction", name: "submit", events: 1, failures: 1 },
        ...{ firstSeen: seconds(MORNING + 12 * MINUTE), lastSeen: seconds(MORNING + 12 * MINUTE) },
      },
      { category: "never", name: "stored", events: 0, failures: 1, firstSeen: null, lastSeen: null },
      {
        ...{ category: "page interaction", name: "pageview", events: 30, failures: 0 },
        ...{ firstSeen: seconds(MORNING + 7 * MINUTE), lastSeen: seconds(MORNING + (7 + 29 * 11) * MINUTE) },
      },
    ]);
  });

  it("returns the types after a place, or a single type", async () => {
    const after = { category: "form interaction", name: "submit" };
    expect((await findUsage(databases, { ...everything, after })).map(({ name }) => name)).toEqual([
      "stored",
      "pageview",
    ]);
    expect((await findUsage(databases, { ...everything, only: after })).map(({ name }) => name)).toEqual(["submit"]);
  });

  it("reads only the minutes of the first and the last hour", async () => {
    for (const database of databases) {
      const { database: watched, queries } = watch(database);
      await findUsage([watched], everything);
      const costs = await Promise.all(
        queries.filter(({ sql }) => sql.includes("minutes_")).map((query) => rowsReadBy(database, query)),
      );
      expect(costs.reduce((sum, cost) => sum + cost, 0)).toBeLessThanOrEqual(60);
    }
  });

  it("returns the hour if its minutes are no longer kept", async () => {
    const old = MORNING - 400 * 24 * HOUR + 17 * MINUTE;
    await write({
      events: [eventRow({ name: "old", occurredAt: old }), eventRow({ name: "old", occurredAt: MORNING })],
    });
    expect(find(await findUsage(databases, everything), "old")).toMatchObject({ firstSeen: seconds(old) });
    const partition = (await readPartitionMap(firstDatabase(databases))).find(old);
    if (partition === null) throw new Error("There is no partition.");
    await dropPartition(databases, partition);
    expect(find(await findUsage(databases, everything), "old")).toMatchObject({
      ...{ firstSeen: seconds(old - 17 * MINUTE), lastSeen: seconds(MORNING) },
    });
  });

  it("shows types beyond their application's limit as others, at their place in the order", async () => {
    const junk = Array.from({ length: MAX_NEW_SERIES_PER_DAY + 3 }, (_, n) =>
      eventRow({
        session: "one",
        application: "junk",
        category: "junk",
        name: `junk ${n}`,
        occurredAt: MORNING + MINUTE,
      }),
    );
    await write({ events: junk });
    const [other] = await findUsage(databases, everything);
    expect(other).toEqual({
      ...{ category: "(other)", name: "(other)", events: 3, failures: 0 },
      ...{ firstSeen: seconds(MORNING + MINUTE), lastSeen: seconds(MORNING + MINUTE) },
    });
    const after = { category: "(other)", name: "(other)" };
    expect(find(await findUsage(databases, { ...everything, after }), "(other)")).toBeUndefined();
  });
});
