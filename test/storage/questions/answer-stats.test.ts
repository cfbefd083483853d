import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import type { Metric } from "../../../src/model/questions/metric";
import type { Dimension } from "../../../src/model/questions/stats-dimension";
import { type Database, databasesOf, firstDatabase, metered } from "../../../src/storage/core/databases";
import { declareProperties } from "../../../src/storage/properties/declared-properties";
import { rollUpProperties } from "../../../src/storage/properties/roll-up";
import { answerStats } from "../../../src/storage/questions/answer-stats";
import type { StatsQuestion } from "../../../src/storage/questions/stats-question";
import { emptyDatabases } from "../empty-databases";
import { changedDatabase } from "../failing-database";
import { DAY, eventRow, HOUR, MORNING, SECOND, store } from "../seed";

const databases = databasesOf(env);
const TYPE = { category: "page interaction", name: "pageview" };
const price = { name: "price", path: ["price"] };
const other = { name: "other", path: ["other"] };
const by = (property: typeof price): Dimension => ({ kind: "property", property });
const EVENTS: Metric = { kind: "events", property: null };

/** More events than are read directly although their property is declared. */
const COUNT = 5_200;

beforeAll(async () => {
  await emptyDatabases(databases);
  const events = Array.from({ length: COUNT }, (_, n) =>
    eventRow({
      session: `s${n % 50}`,
      occurredAt: MORNING + n * 100_000,
      data: `{"price":${n % 100},"other":"${n % 2}"}`,
    }),
  );
  for (let n = 0; n < COUNT; n += 1_300) await store(databases, { events: events.slice(n, n + 1_300) });
  await declareProperties(firstDatabase(databases), TYPE, [{ path: "price", kind: "number", template: null }], 1);
  await rollUpProperties(databases, MORNING + 2 * HOUR);
}, 60_000);

async function ask(
  question: Partial<StatsQuestion>,
  options: { isExact?: boolean; most?: number; isDeclared?: boolean } = {},
  own: readonly Database[] = databases,
) {
  const { isDeclared = true, ...others } = options;
  const asked: StatsQuestion = {
    ...{ metric: EVENTS, groupBy: [], filter: { ...TYPE, applications: null }, properties: [] },
    bounds: [MORNING, MORNING + HOUR],
    ...question,
  };
  const stored = { ...TYPE, property_id: 1, path: "price", kind: "number" as const, template: null, declared_at: 1 };
  const { results } = await firstDatabase(databases)
    .binding.prepare("SELECT property_id FROM properties")
    .all<{ property_id: number }>();
  const declared = isDeclared ? [{ ...stored, property_id: results[0]?.property_id ?? 0 }] : [];
  return answerStats(own, asked, { shown: { top: 5 }, declared, ...others });
}

/** A session that counts its calls, and how many of them are made at the same time. */
function countCalls(session: D1DatabaseSession, count = { now: 0, most: 0, all: 0 }): D1DatabaseSession {
  return {
    prepare: (sql) => session.prepare(sql),
    getBookmark: () => session.getBookmark(),
    batch: async <Row>(statements: D1PreparedStatement[]) => {
      count.now += 1;
      count.all += 1;
      count.most = Math.max(count.most, count.now);
      const results = await session.batch<Row>(statements);
      count.now -= 1;
      return results;
    },
  };
}

describe("an answer about events", () => {
  it("comes from counts if it needs no property, whatever the limit of events", async () => {
    const answer = await ask({ groupBy: [{ kind: "name" }] }, { most: 0 });
    expect(answer).toMatchObject({ total: { total: COUNT }, accuracy: { exact: true } });
  });

  it("comes from value counts if there are many events, and from the events if it must be exact", async () => {
    const metric: Metric = { kind: "p50", property: price };
    expect(await ask({ metric })).toMatchObject({ accuracy: { exact: false, relative_error: 0.01 } });
    expect(await ask({ metric }, { isExact: true })).toMatchObject({ total: { total: 49 }, accuracy: { exact: true } });
    expect(await ask({ metric }, { isDeclared: false })).toMatchObject({ accuracy: { exact: true } });
  });

  it("comes from value counts after two calls one after the other: the dimension keys, then their counts", async () => {
    const calls = databases.map(() => ({ now: 0, most: 0, all: 0 }));
    const counting = databases.map((database, place) =>
      changedDatabase(database, {
        withSession: (constraint) => countCalls(database.binding.withSession(constraint), calls[place]),
      }),
    );
    const metric: Metric = { kind: "sum", property: price };
    const expected = await ask({ metric });
    await ask({ metric }, {}, counting);
    for (const one of calls) Object.assign(one, { most: 0, all: 0 });
    expect(await ask({ metric }, {}, counting)).toEqual(expected);
    // The number of events and the counts of values are read at the same time.
    for (const { most, all } of calls) expect([most, all]).toEqual([2, 3]);
  });

  it("comes from the events if there are few of them", async () => {
    const bounds = [MORNING, MORNING + 200 * SECOND];
    expect(await ask({ metric: { kind: "p50", property: price }, bounds })).toMatchObject({
      accuracy: { exact: true },
    });
  });

  it("reads many counts of values only if there are many events", async () => {
    const hours = (from: number, count: number) => Array.from({ length: count + 1 }, (_, n) => from + n * HOUR);
    const rowsRead = async (bounds: number[]) => {
      const { databases: own, meter } = metered(databases);
      await ask({ metric: { kind: "sum", property: price }, bounds }, {}, own);
      return meter.rowsRead;
    };
    await firstDatabase(databases)
      .binding.prepare(
        `INSERT INTO property_counts (property_id, series_id, seconds, bucket, counted, held)
         SELECT property_id, series_id, 3600, bucket.value, 0, '' FROM properties, series, json_each(?1) AS bucket`,
      )
      .bind(JSON.stringify(hours(MORNING + DAY, 400).map((hour) => hour / SECOND)))
      .run();
    // Few counts are read at the same time as the number of events; many are not read after it is known.
    expect(await rowsRead(hours(MORNING + DAY, 90))).toBeGreaterThan(90);
    expect(await rowsRead(hours(MORNING + DAY, 400))).toBeLessThan(90);
  });

  it("is refused, with the number of events, if it would read too many", async () => {
    expect(await ask({ groupBy: [by(other)] }, { most: COUNT - 1 })).toEqual({
      kind: "too_many_events",
      events: COUNT,
    });
    expect(await ask({ groupBy: [by(other)] }, { most: COUNT })).toMatchObject({ total: { total: COUNT } });
  });
});
