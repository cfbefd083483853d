import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { readBatch } from "../../../src/storage/core/reader";
import type { BucketRange, CountSource } from "../../../src/storage/counts/count-tables";
import {
  type BucketCounts,
  type CountText,
  countQuery,
  countsIn,
  sumBySeries,
  totalsIn,
  withCounts,
} from "../../../src/storage/counts/counts";
import { readPartitionMap } from "../../../src/storage/partitions/known-partitions";
import { lanesToRead } from "../../../src/storage/partitions/partition";
import { sealPartition } from "../../../src/storage/partitions/partition-lifecycle";
import { eventRow, HOUR, MINUTE, MORNING, partitionsOf, store } from "../seed";
import { rowsReadBy, watch } from "../watched-database";

const home = firstDatabase(databasesOf(env));

/** Two pages of dimension keys, and 600 minutes in ten partitions. Each key has events in every second minute. */
const SERIES = 300;
const MINUTES = 600;
const START = MORNING / 1_000_000;
const minutes = { seconds: 60, first: START, last: START + (MINUTES - 1) * 60 };

beforeAll(async () => {
  const names = Array.from({ length: SERIES }, (_, n) => eventRow({ name: `name ${n}`, occurredAt: MORNING - MINUTE }));
  await store([home], { events: names }, HOUR);
  const hours = Array.from({ length: MINUTES / 60 }, (_, hour) => MORNING + hour * HOUR);
  await partitionsOf([home], HOUR).covering(hours);
  await fill();
}, 60_000);

/** Writes the minutes as events would. */
async function fill(): Promise<void> {
  const map = await readPartitionMap(home);
  for (const partition of map.overlapping(MORNING, null)) {
    const [lane] = lanesToRead(partition);
    const places = Array.from({ length: 60 }, (_, n) => (partition.from - MORNING) / MINUTE + n);
    await home.binding
      .prepare(
        `INSERT INTO minutes_${lane?.suffix}
         SELECT series_id / 256 AS page, ${START} + value * 60 AS minute, count(*), json_group_object(series_id, 1)
         FROM series, json_each(?1) WHERE (series_id + value) % 2 = 0 GROUP BY page, minute`,
      )
      .bind(JSON.stringify(places))
      .run();
  }
}

async function ask<Result>(query: (source: CountSource) => Promise<Result>, range: BucketRange = minutes) {
  const [result] = await withCounts([home], range, (sources) => Promise.all(sources.map(query)));
  if (result === undefined) throw new Error("There is no database.");
  return result;
}

/** The same counts, by a query that is sent with another statement. */
async function together(source: CountSource, range: BucketRange, wanted: number[]): Promise<BucketCounts[]> {
  const { statements, read } = countQuery(source, range, wanted);
  const results = await readBatch<CountText>(source.database, [...statements, sql`SELECT 'other' AS rows`]);
  return read(results.slice(0, -1));
}

async function rowsRead(query: (source: CountSource) => Promise<unknown>): Promise<number> {
  const { database, queries } = watch(home);
  await withCounts([database], minutes, (sources) => Promise.all(sources.map(query)));
  const costs = await Promise.all(queries.map((one) => rowsReadBy(home, one)));
  return costs.reduce((sum, cost) => sum + cost, 0);
}

async function all(source: CountSource, range: BucketRange, wanted: number[] | null): Promise<BucketCounts[]> {
  const found: BucketCounts[][] = [];
  for await (const some of countsIn(source, range, wanted)) found.push(some);
  return found.flat();
}

describe("counts", () => {
  it("are summed over all partitions and pages", async () => {
    const ids = [1, 2, 255, 256, 300];
    const sums = await ask((source) => sumBySeries(source, minutes, ids));
    expect(sums).toEqual(new Map(ids.map((id) => [id, MINUTES / 2])));
    expect(await ask((source) => sumBySeries(source, minutes, []))).toEqual(new Map());
    expect(await ask((source) => sumBySeries(source, minutes, [SERIES + 1]))).toEqual(new Map());
  });

  it("include only the requested dimension keys of a bucket", async () => {
    const found = await ask((source) => all(source, { ...minutes, last: START + 60 }, [4, 5, 300]));
    expect(found).toEqual([
      { bucket: START, bySeries: [[4, 1]] },
      { bucket: START + 60, bySeries: [[5, 1]] },
      { bucket: START, bySeries: [[300, 1]] },
      { bucket: START + 60, bySeries: [] },
    ]);
  });

  it("are the same if they are read in one call with others", async () => {
    const hour = { seconds: 3_600, first: START - 3_600, last: START };
    for (const range of [hour, { ...minutes, last: START + 90 * 60 }]) {
      const found = await ask((source) => together(source, range, [4, 5, 300]), range);
      expect(found.flatMap(({ bySeries }) => bySeries).length).toBeGreaterThan(2);
      expect(found).toEqual(await ask((source) => all(source, range, [4, 5, 300]), range));
    }
  });

  it("include all dimension keys that have events if none is requested", async () => {
    const range = { ...minutes, first: START + 59 * 60, last: START + 61 * 60 };
    const found = await ask((source) => all(source, range, null));
    const events = (bucket: number) =>
      found.filter((one) => one.bucket === bucket).flatMap(({ bySeries }) => bySeries).length;
    expect([59, 60, 61].map((n) => events(START + n * 60))).toEqual([SERIES / 2, SERIES / 2, SERIES / 2]);
  });

  it("of hours and days need no partition", async () => {
    const hour = { seconds: 3_600, first: START - 3_600, last: START };
    const days = { seconds: 86_400, first: START - (START % 86_400), last: START - (START % 86_400) };
    expect(await ask((source) => totalsIn(source, hour), hour)).toEqual(new Map([[START - 3_600, SERIES]]));
    expect(await ask((source) => totalsIn(source, days), days)).toEqual(new Map([[days.first, SERIES]]));
  });

  it("are read with one row for each bucket and page, however many dimension keys there are", async () => {
    const pages = 2;
    const partitions = MINUTES / 60;
    const ofAll = await rowsRead(async (source) => {
      expect([...(await totalsIn(source, minutes)).values()]).toEqual(new Array(MINUTES).fill(SERIES / 2));
    });
    // One seek for each page of each partition, and some for the temporary tables of the query.
    expect(ofAll).toBeLessThanOrEqual(pages * MINUTES * 2 + partitions * 20);
    const ofSome = await rowsRead((source) => sumBySeries(source, minutes, [1, 2, 3]));
    expect(ofSome).toBeLessThanOrEqual(MINUTES + partitions);
  });

  it("are found under the new table name if a partition was sealed after the map was read", async () => {
    const map = await readPartitionMap(home);
    const partition = map.find(MORNING + HOUR);
    if (partition === null) throw new Error("There is no partition.");
    let isFirst = true;
    const sums = await ask(async (source) => {
      if (isFirst) await sealPartition([home], partition);
      isFirst = false;
      return sumBySeries(source, minutes, [1]);
    });
    expect(sums).toEqual(new Map([[1, MINUTES / 2]]));
  });
});
