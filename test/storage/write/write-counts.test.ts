import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { countsBesideEvents } from "../counts-beside-events";
import { emptyDatabases } from "../empty-databases";
import { eventRow, HOUR, MINUTE, MORNING, store } from "../seed";

const home = firstDatabase(databasesOf(env));

async function all<Row>(sql: string): Promise<Row[]> {
  return (await home.binding.prepare(sql).all<Row>()).results;
}

beforeEach(() => emptyDatabases([home]));

const SECONDS = MORNING / 1_000_000;

it("counts are kept by hour and by day, and a later batch is added to them", async () => {
  const named = (name: string, minute: number) => eventRow({ name, occurredAt: MORNING + minute * MINUTE });
  await store([home], { events: [named("a", 0), named("a", 59), named("b", 60)] });
  await store([home], { events: [named("a", 1)] });
  const rows = await all<{ seconds: number; bucket: number; events: number; types: number }>(
    `SELECT seconds, bucket, events, (SELECT count(*) FROM json_each(by_series)) AS types FROM counts
     ORDER BY seconds, bucket`,
  );
  expect(rows).toEqual([
    { seconds: 3600, bucket: SECONDS, events: 3, types: 1 },
    { seconds: 3600, bucket: SECONDS + 3600, events: 1, types: 1 },
    { seconds: 86400, bucket: Math.floor(SECONDS / 86_400) * 86_400, events: 4, types: 2 },
  ]);
});

it("the hours in which a type has events are recorded once", async () => {
  for (const minute of [0, 1, 61])
    await store([home], { events: [eventRow({ occurredAt: MORNING + minute * MINUTE })] });
  const hours = await all<{ hour: number }>("SELECT hour FROM series_hours ORDER BY hour");
  expect(hours).toEqual([{ hour: SECONDS }, { hour: SECONDS + 3600 }]);
});

it("counts equal the events, for many types and batches", async () => {
  for (let batch = 0; batch < 4; batch++) {
    const events = Array.from({ length: 300 }, (_, n) =>
      eventRow({
        name: `type ${(n * 7 + batch) % 290}`,
        application: n % 3 === 0 ? "shop" : "blog",
        occurredAt: MORNING + batch * HOUR + n * 20_000_000,
      }),
    );
    await store([home], { events });
  }
  const { counted, expected } = await countsBesideEvents(home);
  expect(counted).toEqual(expected);
  expect(expected.length).toBeGreaterThan(100);
});
