import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { MAX_COUNTED_AGGREGATES } from "../../../src/storage/core/read-limits";
import { readPartitionMap } from "../../../src/storage/partitions/known-partitions";
import { dropPartition, sealPartition } from "../../../src/storage/partitions/partition-lifecycle";
import { type CountQuestion, countStats } from "../../../src/storage/questions/count-stats";
import { MAX_NEW_SERIES_PER_DAY } from "../../../src/storage/write/write-series";
import { eventRow, HOUR, MINUTE, MORNING, SECOND, store } from "../seed";
import { watch } from "../watched-database";

const databases = databasesOf(env);
const first = firstDatabase(databases);
const NO_FILTER = { category: null, name: null, applications: null };

async function count(question: Partial<CountQuestion>, own = databases, top = 1_000) {
  const complete = { filter: NO_FILTER, groupBy: [], bounds: [MORNING, MORNING + HOUR], ...question };
  return countStats(own, await readPartitionMap(first), complete, { top });
}

beforeAll(async () => {
  await store(databases, { events: [eventRow({ application: "first" })] }, 6 * HOUR);
});

describe("countStats", () => {
  it("reads the counts again for the shown groups if there are too many aggregate rows", async () => {
    const groups = 110;
    const buckets = Math.ceil(MAX_COUNTED_AGGREGATES / groups) + 1;
    const at = MORNING + 100 * 24 * HOUR;
    const bounds = Array.from({ length: buckets + 1 }, (_, n) => at + n * MINUTE);
    const types = Array.from({ length: groups }, (_, n) =>
      eventRow({ session: "many", application: "many", name: `name ${n}`, occurredAt: at }),
    );
    await store(databases, { events: types }, 28 * 24 * HOUR);
    const home = await homeOf("many");
    const partition = (await readPartitionMap(first)).find(at);
    // By SQL, because only the counts matter here: the first minute's, with more events of one type, in every
    // minute.
    await home.binding
      .prepare(
        `WITH RECURSIVE others (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM others WHERE n < ?1)
         INSERT INTO minutes_${partition?.id} (page, minute, events, by_series)
         SELECT page, minute + 60 * n, events, json_replace(by_series, '$."' || (
           SELECT series_id FROM series WHERE name = 'name 7' AND application = 'many') || '"', 3)
         FROM minutes_${partition?.id} CROSS JOIN others WHERE minute = ?2`,
      )
      .bind(buckets - 1, at / SECOND)
      .run();
    const filter = { ...NO_FILTER, applications: ["many"] };
    const answer = await count({ filter, groupBy: ["name"], bounds }, databases, 2);
    expect(answer.groups.map(({ texts, total }) => [texts, total])).toEqual([
      [["name 7"], 3 * buckets - 2],
      [["name 0"], buckets],
    ]);
    expect(answer.other).toMatchObject({ groups: groups - 2, total: (groups - 2) * buckets });
    expect(answer.total.total).toBe((groups + 2) * buckets - 2);
    expect(answer.accuracy).toEqual({ exact: true });
  });

  it("shows types without their own dimension key as others", async () => {
    const occurredAt = MORNING + 5 * 24 * HOUR;
    const junk = Array.from({ length: MAX_NEW_SERIES_PER_DAY + 5 }, (_, n) =>
      eventRow({ session: "junk", application: "junk", name: `junk ${n}`, occurredAt }),
    );
    await store(databases, { events: junk }, 6 * HOUR);
    const { groups } = await count(
      {
        filter: { ...NO_FILTER, applications: ["junk"] },
        groupBy: ["application", "category", "name"],
        bounds: [occurredAt, occurredAt + HOUR],
      },
      databases,
      2_000,
    );
    expect(groups).toHaveLength(MAX_NEW_SERIES_PER_DAY + 1);
    expect(groups[0]).toEqual({ texts: ["junk", "(other)", "(other)"], total: 5, values: [5] });
  });

  it("looks up only dimension keys that have events in the range, and none for totals", async () => {
    const day = Math.floor(MORNING / (24 * HOUR)) * 24 * HOUR + 20 * 24 * HOUR;
    await store(databases, { events: [eventRow({ name: "rare", occurredAt: day })] }, 6 * HOUR);
    const bounds = [day, day + 24 * HOUR];
    for (const database of databases) {
      const { database: watched, queries } = watch(database);
      const { groups } = await count({ bounds, groupBy: ["name"] }, [watched]);
      const asked = queries.filter(({ sql }) => /"series"/.test(sql));
      for (const { params } of asked) expect(JSON.parse(String(params[0])).length).toBeLessThanOrEqual(1);
      expect(groups.length).toBeLessThanOrEqual(1);
      const totals = watch(database);
      await count({ bounds }, [totals.database]);
      expect(totals.queries.filter(({ sql }) => /series\b/.test(sql.replaceAll("by_series", "")))).toEqual([]);
    }
  });

  it("counts the events of a late lane once each, and reports what it can no longer read", async () => {
    const at = MORNING + 60 * 24 * HOUR;
    const bounds = [at, at + HOUR / 2, at + HOUR];
    const early = eventRow({ application: "late", session: "one", id: "copied", occurredAt: at });
    await store(databases, { events: [early] }, HOUR);
    const partition = (await readPartitionMap(first)).find(at);
    if (partition === null) throw new Error("There is no partition.");
    await sealPartition(databases, partition);
    const late = eventRow({ application: "late", session: "one", id: "late", occurredAt: at + HOUR / 2 + 7 });
    await store(databases, { events: [late, early] });
    const filter = { ...NO_FILTER, applications: ["late"] };
    const sealed = await count({ filter, bounds });
    expect(sealed).toMatchObject({ total: { total: 2, values: [1, 1] }, accuracy: { exact: true } });
    const sealedPartition = (await readPartitionMap(first)).find(at);
    if (sealedPartition === null) throw new Error("There is no partition.");
    await dropPartition(databases, sealedPartition);
    // The counts by hour are kept.
    const hours = await count({ filter, bounds: [at, at + HOUR] });
    expect(hours).toMatchObject({ accuracy: { exact: true } });
    expect((await count({ filter, bounds })).accuracy).toEqual({
      exact: false,
      unreadable: [{ start: at, end: at + HOUR }],
    });
  });
});

async function homeOf(application: string) {
  for (const database of databases) {
    const row = await database.binding.prepare("SELECT 1 FROM series WHERE application = ?1").bind(application).first();
    if (row !== null) return database;
  }
  throw new Error(`No database has ${application}.`);
}
