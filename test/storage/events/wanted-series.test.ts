import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { beforeEach, describe, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { readBatch } from "../../../src/storage/core/reader";
import { forgetSeries, type SeriesFilter } from "../../../src/storage/counts/series";
import { isOfCategory, wantedSeries } from "../../../src/storage/events/wanted-series";
import { MAX_NEW_SERIES_PER_DAY } from "../../../src/storage/write/write-series";
import { emptyDatabases } from "../empty-databases";
import { eventRow, MORNING, partitionsOf, store } from "../seed";

const home = firstDatabase(databasesOf(env));
const ANY: SeriesFilter = { category: null, name: null, applications: null };

const typed = (category: string, name: string, application = "shop", id = `${category} ${name} ${application}`) =>
  eventRow({ category, name, application, id });

/** The ids of the events that match a condition on `e`. */
async function matching(condition: ReturnType<typeof isOfCategory>): Promise<string[]> {
  const partition = (await partitionsOf([home]).latest()).find(MORNING);
  const [rows = []] = await readBatch<{ id: string }>(home, [
    sql`SELECT e.id AS id FROM ${sql.raw(`events_${partition?.id}`)} AS e WHERE ${condition} ORDER BY 1`,
  ]);
  return rows.map(({ id }) => id);
}

beforeEach(async () => {
  await emptyDatabases([home]);
  forgetSeries(home);
});

describe("the dimension keys of a filter", () => {
  const types = [typed("page", "view"), typed("page", "click"), typed("form", "view"), typed("page", "view", "blog")];
  beforeEach(() => store([home], { events: types }));

  it.each<[Partial<SeriesFilter>, string[], string | null, boolean]>([
    [{}, types.map(({ id }) => id), null, true],
    [{ category: "page" }, ["page click shop", "page view blog", "page view shop"], "page", true],
    [{ name: "view" }, ["form view shop", "page view blog", "page view shop"], null, false],
    [{ name: "click" }, ["page click shop"], "page", false],
    [{ applications: ["blog"] }, ["page view blog"], "page", false],
    [{ category: "form", name: "view", applications: ["shop"] }, ["form view shop"], "form", true],
    [{ category: "nothing" }, [], null, false],
  ])("%j are those of %j", async (filter, ids, category, isWhole) => {
    const wanted = await wantedSeries(home, { ...ANY, ...filter });
    expect(await matching(wanted.matches)).toEqual(ids.toSorted());
    expect(wanted.ids).toHaveLength(ids.length);
    expect(wanted.isEverything).toBe(ids.length === types.length);
    expect(wanted.category?.category ?? null).toBe(category);
    if (category !== null) expect(wanted.category?.isWhole).toBe(isWhole);
  });
});

it("events beyond the limit of types are found by the type that they store", async () => {
  const many = Array.from({ length: MAX_NEW_SERIES_PER_DAY }, (_, n) => typed("page", `name ${n}`));
  await store([home], { events: many });
  await store([home], { events: [typed("form", "one too many"), typed("page", "and another")] });
  const wanted = await wantedSeries(home, { ...ANY, name: "one too many" });
  expect(await matching(wanted.matches)).toEqual(["form one too many shop"]);
  expect(wanted.category).toBeNull();
  expect(await matching(isOfCategory("form"))).toEqual(["form one too many shop"]);
  expect(await matching(isOfCategory("page"))).toHaveLength(MAX_NEW_SERIES_PER_DAY + 1);
});
