import { beforeEach, describe, expect, it } from "vitest";
import { metered } from "../../../../src/storage/core/databases";
import { addByDays } from "../../../../src/storage/properties/answer/add-by-days";
import { createAdding } from "../../../../src/storage/properties/answer/add-values";
import { rowsOf } from "../../../../src/storage/properties/answer/counted-rows";
import { rollUpProperties } from "../../../../src/storage/properties/roll-up";
import { MeasureTable } from "../../../../src/storage/questions/measure-table";
import type { StatsQuestion } from "../../../../src/storage/questions/stats-question";
import { DAY, HOUR, MINUTE, MORNING, SECOND } from "../../seed";
import { declareAndStore, declaredSeries, first, one } from "../counted-hours";

const MIDNIGHT = MORNING - 9 * HOUR;
const path = { name: "path", path: ["path"] };
/** Two days of a zone that is two hours east of UTC. */
const BOUNDS = [22, 46, 70].map((hour) => MIDNIGHT + hour * HOUR);

/** Hours after midnight UTC, by the day of the zone: values /0, /1 and /2 in turn. */
const BEFORE = [0, 21];
const FIRST = [22, 23, 24, 30, 45];
const SECOND_DAY = [46, 47, 48, 69];
const AFTER = [70, 71];

beforeEach(async () => {
  const times = [...BEFORE, ...FIRST, ...SECOND_DAY, ...AFTER].map((hour) => MIDNIGHT + hour * HOUR + MINUTE);
  await declareAndStore(times);
  for (let run = 0; run < 3; run++) await rollUpProperties(one, MIDNIGHT + 4 * DAY + run * MINUTE);
}, 60_000);

async function answer(bounds = BOUNDS) {
  const question: StatsQuestion = {
    ...{ metric: { kind: "events", property: null }, groupBy: [{ kind: "property", property: path }], properties: [] },
    filter: { category: null, name: null, applications: null },
    bounds,
  };
  const table = new MeasureTable(question.metric, 2, 100);
  const values = createAdding(question, table);
  const { databases, meter } = metered(one);
  const [database = first] = databases;
  const added = await addByDays(database, bounds, rowsOf(await declaredSeries()), values);
  values.finish();
  const { groups } = table.lines({ top: 10 });
  const lines = Object.fromEntries(groups.map(({ texts, values: own }) => [texts.join(), own]));
  return { added: [...added], lines, rowsRead: meter.rowsRead };
}

const change = (what: string, where: string) =>
  first.binding.prepare(`UPDATE property_counts SET ${what} WHERE ${where}`).run();

describe("days of another time zone", () => {
  it("are added as days of UTC and the hours around midnight", async () => {
    const { added, lines, rowsRead } = await answer();
    expect(added).toEqual([0, 1]);
    const all = [...BEFORE, ...FIRST, ...SECOND_DAY, ...AFTER];
    const expected = (value: number, day: number[]) =>
      all.filter((hour, n) => n % 3 === value && day.includes(hour)).length;
    for (const value of [0, 1, 2]) {
      expect(lines[`/${value}`]).toEqual([expected(value, FIRST), expected(value, SECOND_DAY)]);
    }
    // Of two applications: two days, and six hours. Hour by hour they would be 48.
    expect(rowsRead).toBeLessThan(50);
  });

  it.each([
    ["an hour to add", 3_600, 22, [1]],
    ["an hour to subtract", 3_600, 70, [0]],
    ["a day", 86_400, 24, [1]],
    ["an hour that two of them share", 3_600, 46, []],
  ])("are left if %s is not counted", async (_, seconds, hour, others) => {
    await change("counted = 0", `seconds = ${seconds} AND bucket = ${(MIDNIGHT + hour * HOUR) / SECOND}`);
    expect((await answer()).added).toEqual(others);
  });

  it("are left without a call if a day is not over", async () => {
    const today = Math.floor((Date.now() * 1_000) / DAY) * DAY;
    const { added, rowsRead } = await answer([today - 2 * HOUR, today + 22 * HOUR]);
    expect([added, rowsRead]).toEqual([[], 0]);
    expect((await answer([today - 26 * HOUR, today - 2 * HOUR])).rowsRead).toBeGreaterThan(0);
  });

  it("are left if an hour or a day has more values than a row holds", async () => {
    const cut = `held = json_set(held, '$.rest[0]', 1, '$.restValues', 1)`;
    await change(cut, `seconds = 86400 AND bucket = ${(MIDNIGHT + 2 * DAY) / SECOND}`);
    expect((await answer()).added).toEqual([0]);
  });
});
