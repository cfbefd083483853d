import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { scanCategory } from "../../../src/storage/events/category-scan";
import { addCommonCategories } from "../../../src/storage/partitions/partition-records";
import type { EventKey, EventRange } from "../../../src/storage/scan/event-order";
import { emptyDatabases } from "../empty-databases";
import { eventRow, HOUR, inReadingOrder, MINUTE, MORNING, partitionsOf, store } from "../seed";
import { idsOf, rangeOf } from "./scan-of";

const databases = databasesOf(env);
const home = firstDatabase(databases);

/** "page" is common in the first two hours and rare in the third. */
const rows = Array.from({ length: 180 }, (_, n) =>
  eventRow({
    ...{ id: `e${n}`, session: `s${n % 7}`, category: n % 4 === 0 ? "form" : "page" },
    occurredAt: MORNING + n * MINUTE,
  }),
);

beforeAll(async () => {
  await emptyDatabases(databases);
  const map = await partitionsOf(databases, HOUR).covering(rows.map(({ occurredAt }) => occurredAt));
  for (const partition of map.partitions) {
    if (partition.from < MORNING + 2 * HOUR) await addCommonCategories(home, partition, ["page"], 0);
  }
  await store(databases, { events: rows }, HOUR);
});

async function pages(category: string, order: EventRange["order"], limit: number): Promise<string[]> {
  const { partitions } = await partitionsOf(databases).latest();
  const inOrder = partitions.toSorted((a, b) => (order === "asc" ? a.from - b.from : b.from - a.from));
  const found: string[] = [];
  let after: EventKey | null = null;
  for (let page = 0; page < 500; page++) {
    const range = rangeOf(order, { after });
    const { rows: some, next } = await scanCategory(databases, inOrder, { category, range, limit });
    expect(some.length).toBeLessThanOrEqual(limit);
    found.push(...idsOf(some));
    if (next === null) return found;
    after = next;
  }
  throw new Error("the pages do not end");
}

describe.each(["asc", "desc"] as const)("the events of a category, %s,", (order) => {
  it.each([
    ["page", 50],
    ["page", 1_000],
    ["form", 7],
  ])("%s, %d a page, are complete, each once and in order", async (category, limit) => {
    const ids = inReadingOrder(rows.filter((row) => row.category === category)).map(({ id }) => id);
    expect(await pages(category, order, limit)).toEqual(order === "asc" ? ids : ids.toReversed());
  });

  it("are empty for a category without events", async () => {
    expect(await pages("nothing", order, 10)).toEqual([]);
  });
});
