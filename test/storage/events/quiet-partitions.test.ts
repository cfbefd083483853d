import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import type { EventQuestion } from "../../../src/storage/events/filtered-scan";
import { findEvents } from "../../../src/storage/events/find-events";
import { addCommonCategories } from "../../../src/storage/partitions/partition-records";
import { emptyDatabases } from "../empty-databases";
import { DAY, eventRow, HOUR, inReadingOrder, MORNING, partitionsOf, store } from "../seed";
import { rowsReadBy, watch } from "../watched-database";

const databases = [firstDatabase(databasesOf(env))];

const WIDTH = 28 * DAY;
const PARTITIONS = 16;
const EVENTS = 400;

/** Partitions of four weeks with events in their second and third week alone; in 17 of 400 the category is "media". */
const rows = Array.from({ length: PARTITIONS * EVENTS }, (_, n) => {
  const [partition, own] = [Math.floor(n / EVENTS), n % EVENTS];
  return eventRow({
    ...{ id: `e${n}`, session: `s${n % 31}`, category: own % 24 === 0 ? "media" : "page" },
    occurredAt: Math.floor(MORNING / WIDTH) * WIDTH + partition * WIDTH + 7 * DAY + own * 50 * (HOUR / 60),
  });
});

beforeAll(async () => {
  await emptyDatabases(databases);
  await store(databases, { events: rows }, WIDTH);
  for (const partition of (await partitionsOf(databases).latest()).partitions) {
    await addCommonCategories(firstDatabase(databases), partition, ["media", "page"], 0);
  }
}, 120_000);

describe.each(["asc", "desc"] as const)("a common category over quiet partitions, %s,", (order) => {
  const question: EventQuestion = {
    ...{ session: null, category: "media", name: null, applications: null },
    range: { order, from: null, to: null, after: null },
    limit: 100,
  };

  it("fills a page with at most 12 rows read for each row and 2,500 more", async () => {
    const { rows: found } = await findEvents(databases, question);
    const ids = inReadingOrder(rows.filter(({ category }) => category === "media")).map(({ id }) => id);
    expect(found.map(({ id }) => id)).toEqual((order === "asc" ? ids : ids.toReversed()).slice(0, 100));
    const watched = databases.map(watch);
    await findEvents(
      watched.map(({ database }) => database),
      question,
    );
    let read = 0;
    for (const { queries } of watched)
      for (const query of queries) read += await rowsReadBy(databases[0] ?? firstDatabase([]), query);
    expect(read).toBeLessThanOrEqual(12 * 100 + 2_500);
  });
});
