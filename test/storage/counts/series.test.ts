import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { databasesOf } from "../../../src/storage/core/databases";
import { readerOf } from "../../../src/storage/core/reader";
import { forgetSeries, matchingSeries, matchingSeriesIds, seriesOf } from "../../../src/storage/counts/series";
import { eventRow, store } from "../seed";
import { watch } from "../watched-database";

const [home] = databasesOf(env).slice(0, 1);
if (home === undefined) throw new Error("There is no database.");

beforeAll(async () => {
  const events = [
    eventRow({ application: "shop", category: "page interaction", name: "pageview" }),
    eventRow({ application: "blog", category: "page interaction", name: "pageview" }),
    eventRow({ application: "shop", category: "form interaction", name: "submit" }),
  ];
  await store([home], { events });
});

const anything = { category: null, name: null, applications: null };

describe("matchingSeries", () => {
  it.each([
    [{}, 3],
    [{ category: "page interaction" }, 2],
    [{ name: "submit" }, 1],
    [{ applications: ["shop"] }, 2],
    [{ applications: ["blog", "nobody"], category: "form interaction" }, 0],
    [{ category: "none such" }, 0],
  ])("returns the dimension keys that match %j", async (filter, expected) => {
    expect(await matchingSeries(readerOf(home), { ...anything, ...filter })).toHaveLength(expected);
  });
});

describe("matchingSeriesIds", () => {
  it("lists the matching numbers, and returns null without a filter", async () => {
    expect(await matchingSeriesIds(readerOf(home), { ...anything, applications: ["shop"] })).toHaveLength(2);
    expect(await matchingSeriesIds(readerOf(home), anything)).toBeNull();
  });
});

describe("seriesOf", () => {
  it("queries the database for each dimension key only once", async () => {
    const { database, queries } = watch(home);
    const ids = (await matchingSeries(readerOf(home), anything)).map(({ seriesId }) => seriesId);
    const found = await seriesOf(database, readerOf(database), ids);
    expect(found.size).toBe(3);
    expect(await seriesOf(database, readerOf(database), ids)).toEqual(found);
    expect(queries).toHaveLength(1);
    forgetSeries(database);
    await seriesOf(database, readerOf(database), ids);
    expect(queries).toHaveLength(2);
  });
});
