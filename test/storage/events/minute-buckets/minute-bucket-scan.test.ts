import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { type Database, databasesOf } from "../../../../src/storage/core/databases";
import { MAX_MINUTE_BUCKET_ROWS } from "../../../../src/storage/core/read-limits";
import type { EventQuestion } from "../../../../src/storage/events/filtered-scan";
import { findEvents } from "../../../../src/storage/events/find-events";
import { addCommonCategories } from "../../../../src/storage/partitions/partition-records";
import { sampleKeyOf } from "../../../../src/storage/partitions/sample-key";
import type { EventKey, Order } from "../../../../src/storage/scan/event-order";
import { MINUTE, MORNING, partitionsOf, recount } from "../../seed";
import { rowsReadBy, watch } from "../../watched-database";

const [first] = databasesOf(env).slice(0, 1);
if (first === undefined) throw new Error("There is no database.");
const home: Database = first;

/**
 * A minute with more events than a page may read; its rare events are at its ends. Other minutes hold a few, far
 * apart.
 */
const CROWD = 2 * MAX_MINUTE_BUCKET_ROWS + 5_000;
const BETWEEN = Math.floor(MINUTE / CROWD);
const RARE = [0, 1, CROWD - 1];
const LONELY = [-500, -499, 3, 700, 90_000];
/** One event in ten of the crowded minute is of a lesser category, which is not common, and three of these are rare. */
const LESSER_RARE = [5, 1_005, CROWD - 5];

beforeAll(async () => {
  const { binding } = home;
  await binding.batch([
    binding.prepare("INSERT INTO categories VALUES (2, 'page interaction'), (3, 'form interaction')"),
    binding.prepare(`INSERT INTO series VALUES (1, 2, 'pageview', 'shop', 0), (2, 2, 'rare', 'shop', 0),
      (3, 3, 'submit', 'shop', 0), (4, 3, 'rare too', 'shop', 0)`),
  ]);
  const seriesAt = (n: number) => (n % 10 === 5 ? (LESSER_RARE.includes(n) ? 4 : 3) : RARE.includes(n) ? 2 : 1);
  const rows = [
    ...Array.from({ length: CROWD }, (_, n) => ({ at: MORNING + n * BETWEEN, tie: n, series: seriesAt(n) })),
    ...LONELY.map((minute, n) => ({ at: MORNING + minute * MINUTE + 5, tie: CROWD + n, series: 2 })),
  ];
  const map = await partitionsOf([home]).covering(LONELY.map((minute) => MORNING + minute * MINUTE));
  for (const partition of map.partitions) {
    await addCommonCategories(home, partition, ["page interaction"], 0);
    const own = rows.filter(({ at }) => at >= partition.from && at < partition.to);
    for (let n = 0; n < own.length; n += 20_000) {
      const values = own.slice(n, n + 20_000).map(({ at, tie, series }) => [at, tie, series, series > 2 ? 3 : null]);
      await binding
        .prepare(
          `INSERT INTO events_${partition.id} (slot, sample_key, session_id, occurred_at, tie, received_after, series_id, rare, id, data)
           SELECT (value ->> 0) / ${partition.slotMicros}, ${sampleKeyOf("crowd")}, 'crowd', value ->> 0, value ->> 1, 0, value ->> 2, value ->> 3, value ->> 1, '{}'
           FROM json_each(?1)`,
        )
        .bind(JSON.stringify(values))
        .run();
    }
  }
  await recount(home);
});

async function costOf(ask: (database: Database) => Promise<unknown>): Promise<number> {
  const { database, queries } = watch(home);
  await ask(database);
  const read = await Promise.all(queries.map((query) => rowsReadBy(home, query)));
  return read.reduce((sum, cost) => sum + cost, 0);
}

async function scan(
  question: Omit<EventQuestion, "range">,
  order: Order,
): Promise<{ found: number[]; costs: number[] }> {
  const found: number[] = [];
  const costs: number[] = [];
  let after: EventKey | null = null;
  for (let pages = 0; pages < 50; pages++) {
    const range = { order, from: null, to: null, after };
    const { rows, next } = await findEvents([home], { ...question, range });
    found.push(...rows.map(({ id }) => Number(id)));
    costs.push(await costOf((database) => findEvents([database], { ...question, range })));
    if (next === null) return { found, costs };
    after = next;
  }
  throw new Error("The scan does not end.");
}

describe("scanMinuteBuckets", { timeout: 120_000 }, () => {
  const question = { session: null, category: null, name: "rare", applications: null };
  const inTime = [...LONELY.keys()].map((n) => CROWD + n);
  const ascending = [...inTime.slice(0, 2), ...RARE, ...inTime.slice(2)];

  it.each(["asc" as const, "desc" as const])(
    "finds everything, %s, and no page reads more than its limit, even if a minute holds more",
    async (order) => {
      for (const limit of [1, 2, 3, 100]) {
        const { found, costs } = await scan({ ...question, limit }, order);
        expect(found).toEqual(order === "asc" ? ascending : ascending.toReversed());
        expect(Math.max(...costs)).toBeLessThanOrEqual(2 * MAX_MINUTE_BUCKET_ROWS + 500);
      }
    },
  );

  it.each(["asc" as const, "desc" as const])("reads a rare category only in its index, %s", async (order) => {
    const { found, costs } = await scan({ ...question, name: "rare too", limit: 2 }, order);
    expect(found).toEqual(order === "asc" ? LESSER_RARE : LESSER_RARE.toReversed());
    // An index entry and a row for each event of the category.
    expect(Math.max(...costs)).toBeLessThanOrEqual((2 * CROWD) / 10 + 500);
  });

  it("reads a common name no further than the page", async () => {
    const range = { order: "asc" as const, from: MORNING, to: null, after: null };
    const cost = await costOf((database) =>
      findEvents([database], { ...question, name: "pageview", limit: 100, range }),
    );
    // A slot holds a fifteenth of the crowded minute, and is read completely.
    expect(cost).toBeLessThan(2 * (CROWD / 15) + 500);
  });
});
