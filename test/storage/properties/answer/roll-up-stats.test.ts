import { beforeAll, describe, expect, it } from "vitest";
import { parseValueFilter } from "../../../../src/model/event/property-value";
import type { Metric } from "../../../../src/model/questions/metric";
import { wantedSeries } from "../../../../src/storage/events/wanted-series";
import { addRolledUp, rolledProperty } from "../../../../src/storage/properties/answer/roll-up-stats";
import { listProperties } from "../../../../src/storage/properties/declared-properties";
import { ALL_APPLICATIONS } from "../../../../src/storage/properties/property-store";
import { rollUpProperties } from "../../../../src/storage/properties/roll-up";
import { MeasureTable } from "../../../../src/storage/questions/measure-table";
import type { StatsQuestion } from "../../../../src/storage/questions/stats-question";
import { HOUR, MINUTE, MORNING } from "../../seed";
import { declareAndStore, first, one, TYPE } from "../counted-hours";

const path = { name: "path", path: ["path"] };
const price = { name: "price", path: ["price"] };
const EVENTS: Metric = { kind: "events", property: null };
const QUESTION: StatsQuestion = {
  ...{ metric: EVENTS, groupBy: [{ kind: "property", property: path }], properties: [] },
  filter: { ...TYPE, applications: null },
  bounds: [MORNING, MORNING + 2 * HOUR],
};
const only = (...values: string[]) => [{ property: path, ...parseValueFilter(values) }];

describe("the property whose counts answer a query", () => {
  it.each<[string, Partial<StatsQuestion>, string | null]>([
    ["a group by it", {}, "path"],
    ["a filter by it", { groupBy: [], properties: only("/1") }, "path"],
    ["a sum of it", { metric: { kind: "sum", property: price }, groupBy: [{ kind: "name" }] }, "price"],
    ["two properties", { properties: [{ property: price, ...parseValueFilter(["1"]) }] }, null],
    [
      "a sum that it also filters",
      { metric: { kind: "sum", property: path }, groupBy: [], properties: only("1") },
      null,
    ],
    ["sessions", { metric: { kind: "sessions", property: null } }, null],
    ["no property", { groupBy: [{ kind: "name" }] }, null],
  ])("of %s", (_, changes, expected) => {
    expect(rolledProperty({ ...QUESTION, ...changes })?.name ?? null).toBe(expected);
  });
});

describe("value counts", () => {
  /** Six events in the first hour, one each 10 minutes; then two in an hour that is not counted. */
  beforeAll(async () => {
    const times = Array.from({ length: 6 }, (_, n) => MORNING + n * 10 * MINUTE);
    await declareAndStore([...times, MORNING + HOUR, MORNING + HOUR]);
    await rollUpProperties(one, MORNING + HOUR + 3 * MINUTE);
  });

  async function answer(changes: Partial<StatsQuestion>) {
    const question = { ...QUESTION, ...changes };
    const table = new MeasureTable(question.metric, question.bounds.length - 1, 100);
    const declared = await listProperties(first);
    const { ids } = await wantedSeries(first, question.filter);
    const rolled = await addRolledUp(first, question, { property: path, declared, ids }, table);
    const { groups } = table.lines({ top: 10 });
    return { left: rolled?.left, totals: Object.fromEntries(groups.map(({ texts, total }) => [texts.join(), total])) };
  }

  it("answer the counted hours and leave the others", async () => {
    const { left, totals } = await answer({});
    expect(totals).toEqual({ "/0": 2, "/1": 2, "/2": 2 });
    expect(left).toEqual([{ start: MORNING + HOUR, end: MORNING + 2 * HOUR }]);
  });

  it("answer quarters of an hour, and leave parts of them", async () => {
    const bounds = [MORNING + 5 * MINUTE, MORNING + 30 * MINUTE];
    const { left, totals } = await answer({ bounds });
    expect(totals).toEqual({ "/2": 1 });
    expect(left).toEqual([{ start: MORNING + 5 * MINUTE, end: MORNING + 15 * MINUTE }]);
  });

  it("answer for single applications and values", async () => {
    const bounds = [MORNING, MORNING + HOUR];
    expect((await answer({ bounds, filter: { ...TYPE, applications: ["blog"] } })).totals).toEqual({
      "/0": 1,
      "/1": 1,
      "/2": 1,
    });
    expect((await answer({ bounds, properties: only("/1") })).totals).toEqual({ "/1": 2 });
  });

  it("answer from one row for all applications, unless these are told apart or not added up", async () => {
    const bounds = [MORNING, MORNING + HOUR];
    const expected = await answer({ bounds });
    const groupBy = [{ kind: "application" as const }, ...QUESTION.groupBy];
    const apart = await answer({ bounds, groupBy });
    const ofAll = `series_id = ${ALL_APPLICATIONS} AND bucket = ${MORNING / 1_000_000}`;
    const change = (what: string, where: string) =>
      first.binding.prepare(`UPDATE property_counts SET ${what} WHERE ${where}`).run();
    // The row is what answers: its values were changed.
    await change("held = replace(held, '/0', '/changed')", ofAll);
    expect((await answer({ bounds })).totals).toEqual({ "/changed": 2, "/1": 2, "/2": 2 });
    expect(await answer({ bounds, groupBy })).toEqual(apart);
    await change("counted = counted - 1", ofAll);
    expect(await answer({ bounds })).toEqual(expected);
    await change("counted = counted + 1, held = ''", ofAll);
    expect(await answer({ bounds })).toEqual(expected);
  });

  it("do not answer if a matching type does not declare the property", async () => {
    const filter = { category: TYPE.category, name: null, applications: null };
    expect((await answer({ filter })).left).toBeUndefined();
  });
});

describe("value counts of many hours", () => {
  const HOURS = 400;

  /** An event of each of two applications in every hour. */
  beforeAll(async () => {
    const times = Array.from({ length: 2 * HOURS }, (_, n) => MORNING + Math.floor(n / 2) * HOUR + (n % 2) * MINUTE);
    await declareAndStore(times);
    for (let run = 0; run < 10; run++) await rollUpProperties(one, MORNING + (HOURS + 1) * HOUR);
  }, 60_000);

  it("are read in several calls, each hour once, without the hours that are not counted", async () => {
    const stale = [17, 250].map((hour) => MORNING + hour * HOUR);
    await first.binding
      .prepare("UPDATE property_counts SET counted = 0 WHERE seconds = 3600 AND bucket IN (?1, ?2)")
      .bind(...stale.map((start) => start / 1_000_000))
      .run();
    const bounds = Array.from({ length: HOURS + 1 }, (_, hour) => MORNING + hour * HOUR);
    const question = { ...QUESTION, bounds };
    const table = new MeasureTable(EVENTS, HOURS, 100);
    const { ids } = await wantedSeries(first, question.filter);
    const declared = await listProperties(first);
    const rolled = await addRolledUp(first, question, { property: path, declared, ids }, table);
    expect(rolled?.left.map(({ start }) => start).sort((a, b) => a - b)).toEqual(stale);
    const { values, total } = table.total();
    expect(total).toBe(2 * (HOURS - stale.length));
    expect(values.filter((value) => value === 0)).toHaveLength(stale.length);
  });
});
