import { beforeEach, describe, expect, it } from "vitest";
import {
  addUpApplications,
  propertiesToAddUp,
  sharedProperties,
} from "../../../src/storage/properties/add-up-applications";
import {
  ALL_APPLICATIONS,
  readPropertyCounts,
  writePropertyCounts,
} from "../../../src/storage/properties/property-store";
import { rollUpProperties } from "../../../src/storage/properties/roll-up";
import {
  addValue,
  MAX_COUNTED_VALUES,
  noValues,
  readValueCounts,
  writeValueCounts,
} from "../../../src/storage/properties/value-counts";
import { changedDatabase } from "../failing-database";
import { HOUR, MINUTE, MORNING, SECOND } from "../seed";
import { declareAndStore, declaredSeries, first, one } from "./counted-hours";

const bucket = MORNING / SECOND;

beforeEach(() => declareAndStore([MORNING, MORNING + MINUTE, MORNING + 2 * MINUTE, MORNING + HOUR]));

async function property(): Promise<number> {
  return (await declaredSeries())[0]?.properties[0]?.property_id ?? 0;
}

async function sumOf(hour: number) {
  const all = { property: await property(), series: ALL_APPLICATIONS, bucket: hour };
  const [row] = await readPropertyCounts(first, 3_600, [all], true);
  return row;
}

/** Replaces the counts of an application by counts of some values, one event each. */
async function count(application: string, values: readonly string[]): Promise<void> {
  const own = (await declaredSeries()).find((series) => series.application === application);
  const counts = noValues(4);
  for (const value of values) addValue(counts, 0, value);
  const row = { property: await property(), series: own?.series ?? 0, bucket };
  await writePropertyCounts(first, 3_600, [{ ...row, counted: values.length, held: writeValueCounts(counts) }]);
}

const addUp = async () => addUpApplications(first, sharedProperties(await declaredSeries()), 3_600, bucket);

describe("the counts of all applications", () => {
  it("are added up when an hour is counted", async () => {
    await rollUpProperties(one, MORNING + 2 * HOUR + 3 * MINUTE);
    const row = await sumOf(bucket);
    expect(row?.counted).toBe(3);
    const { events, texts, numbers } = readValueCounts(row?.held ?? "");
    expect(events).toEqual([3, 0, 0, 0]);
    expect(Object.fromEntries(texts.map((text, n) => [text, numbers[4 * n]]))).toEqual({ "/0": 1, "/1": 1, "/2": 1 });
  });

  it("are added up for hours that were counted before", async () => {
    const now = MORNING + 2 * HOUR + 3 * MINUTE;
    await rollUpProperties(one, now);
    const before = [await sumOf(bucket), await sumOf(bucket + 3_600)];
    await first.binding.prepare(`DELETE FROM property_counts WHERE series_id = ${ALL_APPLICATIONS}`).run();
    for (let run = 0; run < 3; run++) await rollUpProperties(one, now);
    expect([await sumOf(bucket), await sumOf(bucket + 3_600)]).toEqual(before);
    expect(await rollUpProperties(one, now)).toEqual({ hours: 0, rows: 0 });
  });

  it("are left empty if a row cannot hold all values", async () => {
    const values = (from: number) => Array.from({ length: MAX_COUNTED_VALUES - 1 }, (_, n) => `/${from + n}`);
    await count("shop", values(0));
    await count("blog", values(1));
    expect(await addUp()).toBe(1);
    expect(readValueCounts((await sumOf(bucket))?.held ?? "").texts).toHaveLength(MAX_COUNTED_VALUES);
    await count("blog", values(2));
    expect(await addUp()).toBe(1);
    expect(await sumOf(bucket)).toMatchObject({ counted: 2 * (MAX_COUNTED_VALUES - 1), held: "" });
  });

  it("do not have the values of an hour from which events were erased", async () => {
    await count("shop", ["/erased"]);
    await count("blog", ["/left"]);
    await first.binding.prepare("UPDATE property_counts SET counted = 0 WHERE held LIKE '%erased%'").run();
    await addUp();
    expect(await sumOf(bucket)).toMatchObject({ counted: 1, held: expect.not.stringContaining("erased") });
  });
});

it("only properties of several applications are added up", async () => {
  const declared = await declaredSeries();
  expect([...sharedProperties(declared)]).toEqual([[await property(), declared.map(({ series }) => series)]]);
  expect(sharedProperties(declared.slice(1))).toEqual(new Map());
});

it("a property is added up again if its sum differs", () => {
  const shared = new Map([[7, [1, 2]]]);
  const counted = (sum: number) => (_: number, series: number) => (series === ALL_APPLICATIONS ? sum : 2);
  expect(propertiesToAddUp(shared, counted(4))).toEqual([]);
  expect(propertiesToAddUp(shared, counted(3))).toEqual([7]);
  expect(propertiesToAddUp(new Map(), counted(3))).toEqual([]);
});

it("many properties and dimension keys are added up in some calls", async () => {
  const sizes = [1, 40, 100, 50, 46];
  const shared = new Map(sizes.map((size, n) => [n + 1, Array.from({ length: size }, (_, key) => key + 1)]));
  const rows = [...shared].flatMap(([own, keys]) =>
    keys.map((series) => {
      const counts = noValues(1);
      addValue(counts, 0, `/${series % 3}`);
      return { property: own, series, bucket, counted: own, held: writeValueCounts(counts) };
    }),
  );
  await writePropertyCounts(first, 86_400, rows);
  let calls = 0;
  const database = changedDatabase(first, {
    withSession: (constraint) => {
      calls += 1;
      return first.binding.withSession(constraint);
    },
  });
  expect(await addUpApplications(database, shared, 86_400, bucket)).toBe(shared.size);
  // 41 rows, 100 in two calls, and 96.
  expect(calls).toBe(4);
  for (const [own, keys] of shared) {
    const all = { property: own, series: ALL_APPLICATIONS, bucket };
    const [found] = await readPropertyCounts(first, 86_400, [all], true);
    expect(found?.counted).toBe(own * keys.length);
    const { events, numbers } = readValueCounts(found?.held ?? "");
    expect([events[0], numbers.reduce((sum, one) => sum + one, 0)]).toEqual([keys.length, keys.length]);
  }
});
