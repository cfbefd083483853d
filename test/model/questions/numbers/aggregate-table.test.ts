import { describe, expect, it } from "vitest";
import { AggregateTable } from "../../../../src/model/questions/numbers/aggregate-table";

const contribution = (n: number, y: number, values: readonly number[] = []) => ({ n, y, values });

describe("AggregateTable", () => {
  it("adds up sessions by bucket, and in all under no bucket", () => {
    const table = new AggregateTable();
    expect(table.add(null, contribution(2, 10))).toBe(1);
    expect(table.add(3, contribution(2, 10))).toBe(1);
    expect(table.add(null, contribution(1, -4))).toBe(0);
    expect([table.size, table.aggregates]).toEqual([3, 2]);
    const { total, byPlace } = table.state;
    expect(total).toEqual({ sums: { n: 3, y: 6, nn: 5, yy: 116, ny: 16, least: -4 }, values: null });
    expect(byPlace).toEqual([[3, { sums: { n: 2, y: 10, nn: 4, yy: 100, ny: 20, least: 0 }, values: null }]]);
  });

  it("is the same whether sessions are added one by one or as states", () => {
    const [all, some, others] = [new AggregateTable(), new AggregateTable(), new AggregateTable()];
    for (const [table, place, value] of [
      [some, 1, 5],
      [others, 1, 7],
      [others, 2, 5],
    ] as const) {
      for (const one of [table, all]) for (const at of [null, place]) one.add(at, contribution(1, value, [value]));
    }
    // The row of bucket 2 is new.
    expect(some.addAll(others.state)).toBe(1);
    expect(some.state).toEqual(all.state);
    expect(some.bins).toBe(all.bins);
  });

  it("counts its bins, and leaves at most as many in each row as it is told", () => {
    const table = new AggregateTable();
    for (let value = 1; value <= 50; value++) table.add(value % 2, contribution(1, value, [value]));
    expect(table.bins).toBe(50);
    table.shrink(5);
    expect(table.bins).toBeLessThanOrEqual(10);
  });

  it("refines only rows that have values, and leaves their sums as they are", () => {
    const table = new AggregateTable();
    table.add(null, contribution(1, 5, [5]));
    table.add(0, contribution(1, 5));
    table.refine(null, [6]);
    table.refine(0, [6]);
    table.refine(9, [6]);
    expect(table.bins).toBe(2);
    expect(table.state.total.sums.n).toBe(1);
    expect(table.state.byPlace).toMatchObject([[0, { values: null }]]);
  });
});
