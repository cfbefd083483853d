import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { type Database, databasesOf } from "../../src/storage/databases";
import { type EventQuestion, findEvents } from "../../src/storage/event-queries";
import type { EventKey, Order } from "../../src/storage/order";
import { MAX_GUIDED_ROWS } from "../../src/storage/read-limits";
import { MINUTE, MORNING, recount } from "./seed";
import { planOf, rowsReadBy, watch } from "./watched-database";

const [first] = databasesOf(env).slice(0, 1);
if (first === undefined) throw new Error("There is no database.");
const home: Database = first;

/** A minute that holds more than a page may read; its rare events lie at its ends. Others hold a few, far apart. */
const CROWD = 2 * MAX_GUIDED_ROWS + 5_000;
const RARE = [0, 1, CROWD - 1];
const LONELY = [-500, -499, 3, 700, 90_000];
/** One event in ten of the crowd is of a lesser category, and three of these are rare. */
const LESSER_RARE = [5, 1_005, CROWD - 5];

beforeAll(async () => {
  const { binding } = home;
  await binding.batch([
    binding.prepare("INSERT INTO categories VALUES (1, 'page interaction'), (2, 'form interaction')"),
    binding.prepare(`INSERT INTO series VALUES
      (1, 1, 'pageview', 'shop'), (2, 1, 'rare', 'shop'), (3, 2, 'submit', 'shop'), (4, 2, 'rare too', 'shop')`),
  ]);
  const seriesAt = (n: number) => (n % 10 === 5 ? (LESSER_RARE.includes(n) ? 4 : 3) : RARE.includes(n) ? 2 : 1);
  const rows = [
    ...Array.from({ length: CROWD }, (_, n) => [MORNING + n, n + 1, seriesAt(n)]),
    ...LONELY.map((minute, n) => [MORNING + minute * MINUTE + 5, CROWD + n + 1, 2]),
  ];
  for (let n = 0; n < rows.length; n += 20_000) {
    await binding
      .prepare(
        `INSERT INTO events SELECT value ->> 0, 0, 'crowd', value ->> 1, (value ->> 2 + 1) / 2, value ->> 2, 0, value ->> 1, '{}' FROM json_each(?1)`,
      )
      .bind(JSON.stringify(rows.slice(n, n + 20_000)))
      .run();
  }
  await recount(home);
});

async function walk(
  question: Omit<EventQuestion, "range">,
  order: Order,
): Promise<{ found: number[]; costs: number[] }> {
  const found: number[] = [];
  const costs: number[] = [];
  let after: EventKey | null = null;
  for (let pages = 0; pages < 50; pages++) {
    const { database, queries } = watch(home);
    const { rows, next } = await findEvents([database], { ...question, range: { order, from: null, to: null, after } });
    found.push(...rows.map(({ sequence }) => sequence));
    const read = await Promise.all(queries.map((query) => rowsReadBy(home, query)));
    costs.push(read.reduce((sum, cost) => sum + cost, 0));
    if (next === null) return { found, costs };
    after = next;
  }
  throw new Error("The walk does not end.");
}

describe("scanGuided", () => {
  const question = { session: null, category: null, name: "rare", application: null };
  const inTime = [...LONELY.keys()].map((n) => CROWD + n + 1);
  const ascending = [...inTime.slice(0, 2), ...RARE.map((n) => n + 1), ...inTime.slice(2)];

  it.each(["asc" as const, "desc" as const])(
    "finds everything, %s, and no page reads more than its bound, even where a minute holds more",
    async (order) => {
      for (const limit of [1, 2, 3, 100]) {
        const { found, costs } = await walk({ ...question, limit }, order);
        expect(found).toEqual(order === "asc" ? ascending : ascending.toReversed());
        expect(Math.max(...costs)).toBeLessThanOrEqual(2 * MAX_GUIDED_ROWS + 100);
      }
    },
  );

  it("looks through a category in its index alone", async () => {
    const { database, queries } = watch(home);
    const lesser = { ...question, name: "rare too", limit: 2 };
    await findEvents([database], { ...lesser, range: { order: "asc", from: null, to: null, after: null } });
    const plans = await Promise.all(queries.map((query) => planOf(home, query)));
    expect(plans.flat().join("\n")).toMatch(/SEARCH events USING COVERING INDEX events_by_category \(category_id=\?/);
    for (const order of ["asc", "desc"] as const) {
      const { found, costs } = await walk(lesser, order);
      const ascending = LESSER_RARE.map((n) => n + 1);
      expect(found).toEqual(order === "asc" ? ascending : ascending.toReversed());
      expect(Math.max(...costs)).toBeLessThanOrEqual((2 * CROWD) / 10 + 100);
    }
  });

  it("reads a common name no further than the page: in the index, and its row", async () => {
    const { database, queries } = watch(home);
    await findEvents([database], {
      ...question,
      name: "pageview",
      limit: 100,
      range: { order: "asc", from: null, to: null, after: null },
    });
    const read = await Promise.all(queries.map((query) => rowsReadBy(home, query)));
    expect(read.reduce((sum, cost) => sum + cost, 0)).toBeLessThan(2 * 100 + 50);
  });
});
