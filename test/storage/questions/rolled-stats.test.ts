import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import type { Metric } from "../../../src/model/questions/metric";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { wantedSeriesIn } from "../../../src/storage/events/wanted-series";
import { withPartitions } from "../../../src/storage/partitions/known-partitions";
import { dropPartition, sealPartition } from "../../../src/storage/partitions/partition-lifecycle";
import { declareProperties, listProperties } from "../../../src/storage/properties/declared-properties";
import { rollUpProperties } from "../../../src/storage/properties/roll-up";
import { rolledStats } from "../../../src/storage/questions/rolled-stats";
import type { StatsQuestion } from "../../../src/storage/questions/stats-question";
import { emptyDatabases } from "../empty-databases";
import { eventRow, HOUR, MINUTE, MORNING, partitionsOf, store } from "../seed";

const databases = databasesOf(env);
const first = firstDatabase(databases);
const TYPE = { category: "page interaction", name: "pageview" };
const price = { name: "price", path: ["price"] };
const WIDTH = 4 * HOUR;

/** An event in each of the first two hours. The property was declared, and the hours were counted, before they left. */
beforeAll(async () => {
  await emptyDatabases(databases);
  const row = (minute: number, own: number) =>
    eventRow({ session: "s", occurredAt: MORNING + minute * MINUTE, data: `{"price":${own}}` });
  await store(databases, { events: [row(0, 1), row(60, 2)] }, WIDTH);
  await declareProperties(first, TYPE, [{ path: "price", kind: "number", template: null }], 1);
  await rollUpProperties(databases, MORNING + 3 * HOUR);
  const partition = (await partitionsOf(databases, WIDTH).latest()).find(MORNING);
  if (partition === null) throw new Error("no partition covers the morning");
  await sealPartition(databases, partition);
  await store(databases, { events: [row(30, 10)] }, WIDTH);
  await first.binding.prepare("UPDATE partitions SET state = 'archived'").run();
  await first.binding.prepare("UPDATE revisions SET revision = revision + 1 WHERE name = 'partitions'").run();
  await dropPartition(databases, { ...partition, state: "archived", late: true });
});

async function ask(question: Partial<StatsQuestion>) {
  const asked: StatsQuestion = {
    metric: { kind: "sum", property: price },
    ...{ groupBy: [], filter: { ...TYPE, applications: null }, properties: [] },
    bounds: [MORNING, MORNING + 2 * HOUR],
    ...question,
  };
  const declared = await listProperties(first);
  const wanted = await wantedSeriesIn(databases, asked.filter);
  const options = { shown: { top: 10 }, templates: () => null, declared, wanted };
  return withPartitions(databases, (map) => rolledStats(databases, map, asked, options));
}

describe("statistics from value counts", () => {
  it("include late events, after the events have left the databases", async () => {
    expect(await ask({})).toMatchObject({ total: { total: 13 }, accuracy: { exact: true } });
  });

  it("report their relative error for quantiles", async () => {
    const metric: Metric = { kind: "p90", property: price };
    expect(await ask({ metric })).toMatchObject({ accuracy: { exact: false, relative_error: 0.01 } });
  });

  it("report the parts of quarters of an hour, for which the events are missing", async () => {
    const bounds = [MORNING + MINUTE, MORNING + 2 * HOUR];
    expect(await ask({ bounds })).toMatchObject({
      total: { total: 12 },
      accuracy: { exact: false, unreadable: [{ start: MORNING + MINUTE, end: MORNING + 15 * MINUTE }] },
    });
  });

  it("cannot answer for types that do not declare the property, nor for two properties", async () => {
    const other = { name: "other", path: ["other"] };
    expect(await ask({ metric: { kind: "sum", property: other } })).toBeNull();
    expect(await ask({ groupBy: [{ kind: "property", property: other }] })).toBeNull();
    expect(await ask({ metric: { kind: "sessions", property: null } })).toBeNull();
  });
});
