import { beforeAll, expect, it } from "vitest";
import { countsOf, seriesWithProperties, spansOf } from "../../../src/storage/properties/declared-series";
import { HOUR, MORNING, SECOND } from "../seed";
import { declareAndStore, declaredSeries, first } from "./counted-hours";

const HOURS = [MORNING, MORNING + HOUR].map((moment) => moment / SECOND);

beforeAll(() => declareAndStore([MORNING, MORNING, MORNING, MORNING + HOUR]));

it("finds the dimension keys of declared types, with their properties", async () => {
  const found = await declaredSeries();
  expect(found.map(({ application, name }) => [application, name]).sort()).toEqual([
    ["blog", "pageview"],
    ["shop", "pageview"],
  ]);
  expect(found.map(({ properties }) => properties.map(({ path }) => path))).toEqual([["path"], ["path"]]);
  expect(await seriesWithProperties(first, [])).toEqual([]);
});

it("joins adjacent buckets to ranges", () => {
  expect(spansOf([7_200, 0, 3_600, 18_000], 3_600)).toEqual([
    [0, 7_200],
    [18_000, 18_000],
  ]);
  expect(spansOf([], 3_600)).toEqual([]);
});

it("counts the events of dimension keys by hour", async () => {
  const found = await declaredSeries();
  const idOf = (application: string) => found.find((one) => one.application === application)?.series ?? 0;
  const counts = await countsOf(first, [idOf("shop"), idOf("blog")], 3_600, HOURS.toReversed());
  expect(Object.fromEntries(counts)).toEqual({
    [`${idOf("shop")} ${HOURS[0]}`]: 2,
    [`${idOf("blog")} ${HOURS[0]}`]: 1,
    [`${idOf("blog")} ${HOURS[1]}`]: 1,
  });
});
