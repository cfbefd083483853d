import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { databasesOf } from "../../../src/storage/core/databases";
import type { SeriesFilter } from "../../../src/storage/counts/series";
import { withPartitions } from "../../../src/storage/partitions/known-partitions";
import { eventsToExamine } from "../../../src/storage/questions/examined-events";
import { emptyDatabases } from "../empty-databases";
import { eventRow, MINUTE, MORNING, store } from "../seed";

const databases = databasesOf(env);
const ANY = { category: null, name: null, applications: null };

beforeAll(async () => {
  await emptyDatabases(databases);
  const at = (n: number, category: string) =>
    eventRow({
      session: `s${n % 5}`,
      category,
      occurredAt: MORNING + n * MINUTE,
      application: n === 0 ? "blog" : "shop",
    });
  // Traffic decides which categories are common: those of a new partition are taken from the one before.
  await store(databases, { events: Array.from({ length: 20 }, (_, n) => at(n, n < 4 ? "rare" : "media")) });
});

const examine = (filter: Partial<SeriesFilter>, end = 30) =>
  withPartitions(databases, (map) =>
    eventsToExamine(databases, map, { start: MORNING, end: MORNING + end * MINUTE }, { ...ANY, ...filter }),
  );

it.each<[string, Partial<SeriesFilter>, number, number]>([
  ["all events of a period without a filter", {}, 30, 20],
  ["events of whole minutes", {}, 9.5, 10],
  ["events of a category that is rare", { category: "rare" }, 30, 4],
  ["no events of a category that does not exist", { category: "none" }, 30, 0],
  ["all events of a period for a name or an application", { applications: ["shop"] }, 30, 20],
])("examines %s", async (_, filter, end, events) => {
  expect(await examine(filter, end)).toBe(events);
});
