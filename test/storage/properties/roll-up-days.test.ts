import { beforeEach, expect, it } from "vitest";
import {
  ALL_APPLICATIONS,
  readPropertyCounts,
  writePropertyCounts,
} from "../../../src/storage/properties/property-store";
import { rollUpDays } from "../../../src/storage/properties/roll-up-days";
import { addValue, noValues, readValueCounts, writeValueCounts } from "../../../src/storage/properties/value-counts";
import { HOUR, MINUTE, MORNING, SECOND } from "../seed";
import { declareAndStore, declaredSeries, first } from "./counted-hours";

const DAY = MORNING - 9 * HOUR;

beforeEach(() => declareAndStore([MORNING, MORNING + MINUTE, MORNING + HOUR, MORNING + HOUR]));

/** Counts hours as the roll-up does: two events of each application, one in each hour. */
async function countHours(hours: readonly number[]): Promise<void> {
  for (const { series, properties } of await declaredSeries()) {
    const rows = hours.map((hour) => {
      const counts = noValues(4);
      addValue(counts, 0, `value of ${hour}`);
      return { property: properties[0]?.property_id ?? 0, series, bucket: (MORNING + hour * HOUR) / SECOND, counts };
    });
    const held = rows.map(({ counts, ...row }) => ({ ...row, counted: 1, held: writeValueCounts(counts) }));
    await writePropertyCounts(first, 3_600, held);
  }
}

async function days() {
  const wanted = (await declaredSeries()).map(({ series, properties }) => ({
    ...{ property: properties[0]?.property_id ?? 0, series, bucket: DAY / SECOND },
  }));
  return readPropertyCounts(first, 86_400, wanted, true);
}

it("sums a day whose events are all counted", async () => {
  await countHours([0, 1]);
  expect(await rollUpDays(first, await declaredSeries(), [DAY / SECOND])).toBe(3);
  for (const { counted, held } of await days()) {
    expect(counted).toBe(2);
    expect(readValueCounts(held)).toMatchObject({ texts: ["value of 0", "value of 1"], numbers: [1, 1] });
  }
});

it("adds up the applications of a day", async () => {
  await countHours([0, 1]);
  await rollUpDays(first, await declaredSeries(), [DAY / SECOND]);
  const [one] = await declaredSeries();
  const all = { property: one?.properties[0]?.property_id ?? 0, series: ALL_APPLICATIONS, bucket: DAY / SECOND };
  const [found] = await readPropertyCounts(first, 86_400, [all], true);
  expect(found?.counted).toBe(4);
  expect(readValueCounts(found?.held ?? "")).toMatchObject({ events: [4], numbers: [2, 2] });
});

it("leaves a day of which an hour is not counted", async () => {
  await countHours([0]);
  expect(await rollUpDays(first, await declaredSeries(), [DAY / SECOND])).toBe(0);
  expect(await days()).toEqual([]);
});

it("leaves a day without events", async () => {
  expect(await rollUpDays(first, await declaredSeries(), [DAY / SECOND - 86_400])).toBe(0);
});
