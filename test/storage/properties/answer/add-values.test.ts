import { describe, expect, it } from "vitest";
import { parsePropertyPath } from "../../../../src/model/event/property-path";
import { parseValueFilter } from "../../../../src/model/event/property-value";
import { binOf } from "../../../../src/model/questions/numbers/number-bins";
import { createAdding } from "../../../../src/storage/properties/answer/add-values";
import type { StoredCounts } from "../../../../src/storage/properties/value-counts";
import { MeasureTable } from "../../../../src/storage/questions/measure-table";
import type { StatsQuestion } from "../../../../src/storage/questions/stats-question";

const HOUR = 3_600_000_000;
const path = { name: "path", path: parsePropertyPath("path") ?? [] };
const BY_PATH: StatsQuestion = {
  ...{ metric: { kind: "events", property: null }, groupBy: [{ kind: "property", property: path }], properties: [] },
  filter: { category: null, name: null, applications: null },
  bounds: [0, HOUR, 2 * HOUR],
};
const series = (application: string, id = 1) => ({
  ...{ series: id, application, category: "page interaction", name: "pageview", properties: [] },
});
const piece = (hour: number, parts: number[] | null = null) => ({
  ...{ bucket: hour * 3_600, start: hour * HOUR, end: (hour + 1) * HOUR, parts },
});

/** An hour with values in its quarters. */
function counts(values: Record<string, number[]>, others: Partial<StoredCounts> = {}): StoredCounts {
  const numbers = Object.values(values);
  const events = [0, 1, 2, 3].map((part) => numbers.reduce((sum, own) => sum + (own[part] ?? 0), 0));
  const nothing = { rest: [0, 0, 0, 0], restValues: 0, sums: [0, 0, 0, 0] };
  return { events, ...nothing, texts: Object.keys(values), numbers: numbers.flat(), ...others };
}

function answer(changes: Partial<StatsQuestion>, rows: Parameters<ReturnType<typeof createAdding>["add"]>[]) {
  const question = { ...BY_PATH, ...changes };
  const table = new MeasureTable(question.metric, question.bounds.length - 1, 1_000);
  const adding = createAdding(question, table);
  for (const row of rows) adding.add(...row);
  adding.finish();
  const { groups, other } = table.lines({ top: 10 });
  const lines = Object.fromEntries(groups.map(({ texts, values }) => [texts.join(), values]));
  return { lines, other, total: table.total() };
}

describe("counts of values", () => {
  it("are summed over dimension keys and hours, in whatever order these are added", () => {
    const { lines, total } = answer({}, [
      [series("shop"), piece(0), counts({ "/a": [1, 1, 0, 0], "/b": [0, 0, 0, 5] })],
      [series("blog", 2), piece(1), counts({ "/a": [2, 0, 0, 0] })],
      [series("blog", 2), piece(0), counts({ "/a": [0, 0, 3, 0] })],
    ]);
    expect(lines).toEqual({ "/a": [5, 2], "/b": [5, 0] });
    expect(total).toEqual({ total: 12, values: [10, 2] });
  });

  it("are kept apart by application if the question does", () => {
    const groupBy = [{ kind: "application" as const }, ...BY_PATH.groupBy];
    const row = counts({ "/a": [1, 0, 0, 0] });
    const { lines } = answer({ groupBy }, [
      [series("shop"), piece(0), row],
      [series("blog", 2), piece(0), row],
      [series("shop"), piece(1), row],
    ]);
    expect(lines).toEqual({ "shop,/a": [1, 1], "blog,/a": [1, 0] });
  });

  it("include only the wanted quarters, and events without a value", () => {
    const row = counts({ "/a": [1, 2, 4, 8] }, { events: [2, 2, 4, 8] });
    expect(answer({}, [[series("shop"), piece(0, [0, 2]), row]]).lines).toEqual({ "/a": [5, 0], "": [1, 0] });
  });

  it("are subtracted, and a group of which nothing is left is none", () => {
    const row = counts({ "/a": [3, 1, 0, 0], "/b": [2, 0, 0, 0] }, { events: [6, 1, 0, 0] });
    const less = counts({ "/a": [1, 0, 0, 0], "/b": [2, 0, 0, 0] }, { events: [4, 0, 0, 0] });
    const { lines, other, total } = answer({}, [
      [series("shop"), piece(0), row],
      [series("shop"), piece(0), less, -1],
    ]);
    expect(lines).toEqual({ "/a": [3, 0] });
    expect([other.groups, total.total]).toEqual([0, 3]);
  });

  it("pass filters, and report rare values that are not known", () => {
    const properties = [{ property: path, ...parseValueFilter(["/a*"]) }];
    const row = counts(
      { "/a": [1, 0, 0, 0], "/ab": [2, 0, 0, 0], "/b": [4, 0, 0, 0] },
      { rest: [3, 0, 0, 0], restValues: 2 },
    );
    const rows: Parameters<typeof answer>[1] = [[series("shop"), piece(0), { ...row, events: [10, 0, 0, 0] }]];
    expect(answer({ properties, groupBy: [] }, rows)).toMatchObject({ lines: { "": [3, 0] }, total: { total: 3 } });
    expect(answer({}, rows).other).toMatchObject({ total: 3, groups: 2 });
  });

  it("of numbers give sums and percentiles", () => {
    const price = { name: "price", path: ["price"] };
    const row = counts({ [binOf(10)]: [1, 0, 0, 0], [binOf(20)]: [0, 3, 0, 0] }, { sums: [10, 60, 0, 0] });
    const rows: Parameters<typeof answer>[1] = [[series("shop"), piece(0), row]];
    expect(answer({ metric: { kind: "avg", property: price }, groupBy: [] }, rows).total.total).toBe(17.5);
    const p50 = answer({ metric: { kind: "p50", property: price }, groupBy: [] }, rows).total.total ?? 0;
    expect(Math.abs(p50 - 20)).toBeLessThan(0.3);
  });
});
