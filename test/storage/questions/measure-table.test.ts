import { describe, expect, it } from "vitest";
import type { Metric } from "../../../src/model/questions/metric";
import { MeasureTable } from "../../../src/storage/questions/measure-table";
import { groupName } from "../../../src/storage/questions/stats-answer";

const EVENTS: Metric = { kind: "events", property: null };
const AVG: Metric = { kind: "avg", property: { name: "price", path: ["price"] } };

/** Each group with events in the given buckets. */
function tableOf(groups: Record<string, number[]>, most = 100): MeasureTable {
  const table = new MeasureTable(EVENTS, 3, most);
  for (const [name, places] of Object.entries(groups)) {
    for (const place of places) table.add(groupName([name]), place, 1);
  }
  return table;
}

describe("a table of measures", () => {
  it("shows the largest groups, then by text, and the sum of the others", () => {
    const table = tableOf({ small: [0], large: [0, 1, 1], b: [2, 2], a: [0, 2] });
    const { groups, other } = table.lines({ top: 3 });
    expect(groups).toEqual([
      { texts: ["large"], total: 3, values: [1, 2, 0] },
      { texts: ["a"], total: 2, values: [1, 0, 1] },
      { texts: ["b"], total: 2, values: [0, 0, 2] },
    ]);
    expect(other).toEqual({ groups: 1, total: 1, values: [1, 0, 0] });
    expect(table.total()).toEqual({ total: 8, values: [3, 2, 3] });
  });

  it("shows given groups in the given order, also those without events", () => {
    const keys = ["none", "a"].map((text) => groupName([text]).key);
    const { groups, other } = tableOf({ a: [0], b: [1] }).lines({ keys });
    expect(groups.map(({ texts, total }) => [texts, total])).toEqual([
      [["none"], 0],
      [["a"], 1],
    ]);
    expect(other).toMatchObject({ groups: 1, total: 1 });
  });

  it("folds the smallest half of its groups above the limit, and keeps their sum", () => {
    const table = tableOf({ a: [0, 0, 0], b: [1], c: [2, 2], d: [0], e: [0] }, 4);
    expect(table.hasFolded).toBe(true);
    const { groups, other } = table.lines({ top: 10 });
    expect(groups.map(({ texts }) => texts[0])).toEqual(["a", "c", "e"]);
    expect(other).toEqual({ groups: 2, total: 2, values: [1, 1, 0] });
    expect(table.total().total).toBe(8);
  });

  it("chooses groups by their number of events, not by their mean", () => {
    const table = new MeasureTable(AVG, 1, 10);
    table.add(groupName(["rare"]), 0, 1_000);
    table.addMany(groupName(["common"]), 0, 10, 5);
    expect(table.lines({ top: 1 }).groups).toEqual([{ texts: ["common"], total: 2, values: [2] }]);
  });

  it("lists a group whose events contribute nothing", () => {
    const table = new MeasureTable(AVG, 1, 10);
    table.add(groupName(["empty"]), 0, null);
    expect(table.lines({ top: 1 }).groups).toEqual([{ texts: ["empty"], total: null, values: [null] }]);
  });

  it("adds events of unknown groups to the others and the total", () => {
    const table = tableOf({ a: [0] });
    table.addFolded(1, 7, 3);
    table.addFolded(2, 1, 2);
    expect(table.lines({ top: 1 }).other).toEqual({ groups: 3, total: 8, values: [0, 7, 1] });
    expect([table.total().total, table.hasFolded]).toEqual([9, true]);
  });
});
