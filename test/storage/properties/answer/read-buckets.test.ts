import { beforeAll, describe, expect, it } from "vitest";
import { readBuckets } from "../../../../src/storage/properties/answer/read-buckets";
import { bucketKey } from "../../../../src/storage/properties/declared-series";
import { ALL_APPLICATIONS } from "../../../../src/storage/properties/property-store";
import { rollUpProperties } from "../../../../src/storage/properties/roll-up";
import { changedDatabase } from "../../failing-database";
import { HOUR, MINUTE, MORNING, SECOND } from "../../seed";
import { declareAndStore, declaredSeries, first, one } from "../counted-hours";

const HOURS = 60;
const START = MORNING / SECOND;
const buckets = Array.from({ length: HOURS }, (_, hour) => START + hour * 3_600);

/** Two events in each hour, of two applications. */
beforeAll(async () => {
  await declareAndStore(Array.from({ length: 2 * HOURS }, (_, n) => MORNING + Math.floor(n / 2) * HOUR));
  for (let run = 0; run < 3; run++) await rollUpProperties(one, MORNING + HOURS * HOUR + (3 + run) * MINUTE);
}, 60_000);

/** The events and counted events of each bucket, and the calls of the database. */
async function read(properties: number[]) {
  let calls = 0;
  const database = changedDatabase(first, {
    withSession: (constraint) => {
      calls += 1;
      return first.binding.withSession(constraint);
    },
  });
  const series = (await declaredSeries()).map((own) => own.series);
  const rows = series.flatMap((id) => properties.map((property) => ({ property, series: id, keys: [id] })));
  const found = new Map<number, [events: number, counted: number][]>();
  await readBuckets(database, 3_600, { buckets, rows }, (bucket, { eventsOf, held }) => {
    found.set(
      bucket,
      rows.map((row) => [eventsOf(row, bucket), held.get(bucketKey({ ...row, bucket }))?.counted ?? 0]),
    );
  });
  return { found, calls };
}

async function declaredProperty(): Promise<number> {
  const [own] = await declaredSeries();
  return own?.properties[0]?.property_id ?? 0;
}

describe("buckets of a property", () => {
  it("are read with their events in one call for each 96 rows", async () => {
    const { found, calls } = await read([await declaredProperty()]);
    expect([...found.keys()].toSorted((a, b) => a - b)).toEqual(buckets);
    expect([...new Set([...found.values()].map((one) => JSON.stringify(one)))]).toEqual(["[[1,1],[1,1]]"]);
    expect(calls).toBe(2);
  });

  it("are the same for many rows, of which those without events are not looked up", async () => {
    const property = await declaredProperty();
    const others = Array.from({ length: 20 }, (_, n) => property + 1 + n);
    const few = await read([property]);
    const many = await read([property, ...others]);
    const places = [0, others.length + 1];
    const own = [...many.found].map(([bucket, one]) => [bucket, places.map((place) => one[place])] as const);
    expect(new Map(own)).toEqual(few.found);
  });

  it("have the events of all dimension keys of a row", async () => {
    const keys = (await declaredSeries()).map(({ series }) => series);
    const row = { property: await declaredProperty(), series: ALL_APPLICATIONS, keys };
    const found: [events: number, counted: number | undefined][] = [];
    await readBuckets(first, 3_600, { buckets: buckets.slice(0, 3), rows: [row] }, (bucket, { eventsOf, held }) => {
      found.push([eventsOf(row, bucket), held.get(bucketKey({ ...row, bucket }))?.counted]);
    });
    expect(found).toEqual([
      [2, 2],
      [2, 2],
      [2, 2],
    ]);
  });

  it("of no rows need no call", async () => {
    const { found, calls } = await read([]);
    expect([found.size, calls]).toEqual([HOURS, 0]);
  });
});
