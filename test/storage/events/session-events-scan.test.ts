import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { databasesOf, firstDatabase, metered } from "../../../src/storage/core/databases";
import { forgetSeries } from "../../../src/storage/counts/series";
import { scanFiltered } from "../../../src/storage/events/filtered-scan";
import { readPartitionMap } from "../../../src/storage/partitions/known-partitions";
import { addCommonCategories } from "../../../src/storage/partitions/partition-records";
import type { EventKey, EventRange } from "../../../src/storage/scan/event-order";
import { emptyDatabases } from "../empty-databases";
import { eventRow, HOUR, inReadingOrder, MORNING, partitionsOf, SECOND, storeWithLateLane } from "../seed";
import { idsOf, rangeOf } from "./scan-of";

const databases = databasesOf(env);

/** A session of four hours in two partitions. "legal" is rare in both, "page" common, and "form" is in the first alone. */
const huge = Array.from({ length: 7_200 }, (_, n) =>
  eventRow({
    ...{ id: `h${n}`, session: "huge", occurredAt: MORNING + n * 2 * SECOND },
    ...(n % 1_000 === 990 ? { category: "legal", name: n < 3_600 ? "terms" : "imprint" } : { category: "page" }),
    ...(n === 17 ? { category: "form", name: "send" } : {}),
  }),
);
const others = Array.from({ length: 50 }, (_, n) =>
  eventRow({ id: `o${n}`, session: `s${n}`, category: "legal", name: "terms", occurredAt: MORNING + n * 280 * SECOND }),
);
const late = eventRow({ id: "late", session: "huge", category: "legal", name: "terms", occurredAt: MORNING + SECOND });
const all = [...huge, late];

beforeAll(async () => {
  await emptyDatabases(databases);
  databases.forEach(forgetSeries);
  const map = await partitionsOf(databases, 2 * HOUR).covering(huge.map(({ occurredAt }) => occurredAt));
  for (const partition of map.partitions) await addCommonCategories(firstDatabase(databases), partition, ["page"], 0);
  await storeWithLateLane(databases, { events: [...huge, ...others], late }, 2 * HOUR);
});

interface Filter {
  category?: string;
  name?: string;
}

/** All pages: their ids, how many there are, and the most rows that one read. */
async function pagesOf(filter: Filter, order: EventRange["order"], limit = 100) {
  const map = await readPartitionMap(firstDatabase(databases));
  const pages = { ids: [] as string[], count: 0, mostRead: 0 };
  let after: EventKey | null = null;
  for (; pages.count < 200; pages.count++) {
    const { databases: own, meter } = metered(databases);
    const question = { session: "huge", category: null, name: null, applications: null, ...filter };
    const { rows, next } = await scanFiltered(own, map, { ...question, range: rangeOf(order, { after }), limit });
    expect(rows.length).toBeLessThanOrEqual(limit);
    pages.ids.push(...idsOf(rows));
    pages.mostRead = Math.max(pages.mostRead, meter.rowsRead);
    if (next === null) return { ...pages, count: pages.count + 1 };
    after = next;
  }
  throw new Error("the pages do not end");
}

describe.each(["asc", "desc"] as const)("the events of a huge session, %s,", (order) => {
  it.each<[Filter, number]>([
    [{ category: "legal" }, 100],
    [{ category: "legal" }, 2],
    [{ category: "legal", name: "imprint" }, 100],
    [{ name: "imprint" }, 100],
    [{ category: "page" }, 1_000],
    [{ category: "form" }, 1],
    [{ name: "nothing" }, 100],
    [{}, 1_000],
  ])("with the filter %j and %d a page, are complete, each once and in order", async (filter, limit) => {
    const wanted = all.filter((row) =>
      Object.entries(filter).every(([key, value]) => row[key as keyof Filter] === value),
    );
    const ids = inReadingOrder(wanted).map(({ id }) => id);
    expect((await pagesOf(filter, order, limit)).ids).toEqual(order === "asc" ? ids : ids.toReversed());
  });

  it("come in one page from the index of rare categories, instead of one page for each examined part", async () => {
    const { count, mostRead } = await pagesOf({ category: "legal" }, order);
    expect(count).toBe(1);
    // Two groups of partitions, one after the other. Without the index they take 37,000 rows.
    expect(mostRead).toBeLessThan(2 * 8_000);
  });
});
