import { describe, expect, it } from "vitest";
import { rowsOf, rowsOfAll, wholeRows } from "../../../../src/storage/properties/answer/counted-rows";
import { bucketKey, type DeclaredSeries } from "../../../../src/storage/properties/declared-series";
import { ALL_APPLICATIONS, type HeldCounts } from "../../../../src/storage/properties/property-store";
import { addValue, noValues, writeValueCounts } from "../../../../src/storage/properties/value-counts";
import type { StatsQuestion } from "../../../../src/storage/questions/stats-question";

const declared = (property: number, name: string) => ({
  ...{ property_id: property, category: "media", name, path: "path" },
  ...{ kind: "text" as const, template: null, declared_at: 1 },
});
const series = (id: number, application: string, name: string, property: number): DeclaredSeries => ({
  ...{ series: id, application, category: "media", name, properties: [declared(property, name)] },
});
const SERIES = [series(1, "shop", "play", 7), series(2, "blog", "play", 7), series(3, "shop", "pause", 8)];
const QUESTION: StatsQuestion = {
  ...{ metric: { kind: "events", property: null }, groupBy: [], properties: [], bounds: [] },
  filter: { category: "media", name: null, applications: null },
};

const keysOf = (rows: ReturnType<typeof rowsOf>) =>
  rows.map(({ property, series: own, keys }) => [property, own, keys]);

it("a question reads a row for each dimension key", () => {
  expect(keysOf(rowsOf(SERIES))).toEqual([
    [7, 1, [1]],
    [7, 2, [2]],
    [8, 3, [3]],
  ]);
});

it("a question reads one row for several applications, unless it tells them apart", () => {
  expect(keysOf(rowsOfAll(SERIES, QUESTION))).toEqual([
    [8, 3, [3]],
    [7, ALL_APPLICATIONS, [1, 2]],
  ]);
  const apart = [
    { ...QUESTION, groupBy: [{ kind: "application" as const }] },
    { ...QUESTION, filter: { ...QUESTION.filter, applications: ["shop", "blog"] } },
  ];
  for (const question of apart) expect(rowsOfAll(SERIES, question)).toEqual(rowsOf(SERIES));
});

describe("the rows of a bucket", () => {
  const counts = noValues(1);
  addValue(counts, 0, "/a");
  const held = (row: Partial<HeldCounts>): HeldCounts => ({
    ...{ property: 7, series: ALL_APPLICATIONS, bucket: 0, counted: 5, held: writeValueCounts(counts) },
    ...row,
  });
  const find = (events: number, row: HeldCounts | null) =>
    wholeRows(rowsOfAll(SERIES, QUESTION), 0, {
      eventsOf: ({ keys }) => (keys.includes(1) ? events : 0),
      held: new Map(row === null ? [] : [[bucketKey(row), row]]),
    });

  it("are those that have events", () => {
    expect(find(5, held({}))?.map(({ of, counts: own }) => [of.name, own.texts])).toEqual([["play", ["/a"]]]);
    expect(find(0, null)).toEqual([]);
  });

  it("are not whole if one is missing, empty or older than its events", () => {
    expect(find(5, null)).toBeNull();
    expect(find(5, held({ held: "" }))).toBeNull();
    expect(find(6, held({}))).toBeNull();
  });
});
