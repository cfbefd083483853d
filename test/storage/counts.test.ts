import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { type BucketCounts, countsIn, countsOfMinutes, sumBySeries, totalsIn } from "../../src/storage/counts";
import { type Database, databasesOf } from "../../src/storage/databases";
import { readerOf } from "../../src/storage/reader";
import { eventRow, MINUTE, MORNING, recount, store } from "./seed";
import { rowsReadBy, watch } from "./watched-database";

const [first] = databasesOf(env).slice(0, 1);
if (first === undefined) throw new Error("There is no database.");
const home: Database = first;

/** Two pages of series; 600 minutes, more than come as one text. Each series occurs in every second minute. */
const SERIES = 300;
const MINUTES = 600;
const START = MORNING / 1_000_000;
const minutes = { seconds: 60, first: START, last: START + (MINUTES - 1) * 60 };
const everySecond = (seriesId: number) => MINUTES / 2 + (MINUTES % 2 === 1 && seriesId % 2 === 0 ? 1 : 0);

beforeAll(async () => {
  const names = Array.from({ length: SERIES }, (_, n) => eventRow({ name: `name ${n}`, occurredAt: MORNING - MINUTE }));
  await store([home], { events: names });
  await home.binding.batch([
    home.binding.prepare(
      `INSERT INTO events SELECT ${MORNING} + minute.value * 60000000, series_id, 'many', minute.value, 1, series_id, 0, minute.value, '{}'
       FROM series, json_each('${JSON.stringify(Array.from({ length: MINUTES }, (_, n) => n))}') AS minute
       WHERE (series_id + minute.value) % 2 = 0`,
    ),
  ]);
  await recount(home);
}, 60_000);

async function rowsRead(ask: (database: Database) => Promise<unknown>): Promise<number> {
  const { database, queries } = watch(home);
  await ask(database);
  const costs = await Promise.all(queries.map((query) => rowsReadBy(home, query)));
  return costs.reduce((sum, cost) => sum + cost, 0);
}

describe("counts", () => {
  it("sum up to what there is, over several texts and pages", async () => {
    const ids = [1, 2, 255, 256, 300];
    const sums = await sumBySeries(readerOf(home), minutes, ids);
    expect(sums).toEqual(new Map(ids.map((id) => [id, everySecond(id)])));
    expect(await sumBySeries(readerOf(home), minutes, [])).toEqual(new Map());
    expect(await sumBySeries(readerOf(home), minutes, [SERIES + 1])).toEqual(new Map());
  });

  it("tell of a bucket only the series that are asked for", async () => {
    const found: BucketCounts[] = [];
    for await (const one of countsIn(readerOf(home), { ...minutes, last: START + 60 }, [4, 5, 300])) found.push(one);
    expect(found).toEqual([
      { bucket: START, bySeries: [[4, 1]] },
      { bucket: START + 60, bySeries: [[5, 1]] },
      { bucket: START, bySeries: [[300, 1]] },
      { bucket: START + 60, bySeries: [] },
    ]);
  });

  it("of a few minutes hold all series, and by series those that are asked for", async () => {
    const found = await countsOfMinutes(readerOf(home), [START, START + 120, START - 600], [2, 3, 300]);
    const both = new Map([
      [2, 1],
      [300, 1],
    ]);
    expect(found).toEqual(
      new Map([
        [START, { events: SERIES / 2, bySeries: both }],
        [START + 120, { events: SERIES / 2, bySeries: both }],
      ]),
    );
  });

  it("are read with one row for each bucket and page, however many series there are", async () => {
    const pages = 2;
    const ofAll = await rowsRead(async (database) => {
      expect((await totalsIn(readerOf(database), minutes)).size).toBe(MINUTES);
    });
    expect(ofAll).toBeLessThanOrEqual(pages * MINUTES + 20);
    expect(await rowsRead((database) => sumBySeries(readerOf(database), minutes, [1, 2, 3]))).toBeLessThanOrEqual(
      MINUTES + 3,
    );
    const some = [START, START + 60, START + 120];
    const ofMinutes = await rowsRead((database) => countsOfMinutes(readerOf(database), some, [1, 300]));
    expect(ofMinutes).toBeLessThanOrEqual(some.length * (pages + 10));
  });
});
