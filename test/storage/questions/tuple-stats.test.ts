import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { parseValueFilter } from "../../../src/model/event/property-value";
import type { Metric } from "../../../src/model/questions/metric";
import { databasesOf } from "../../../src/storage/core/databases";
import { withPartitions } from "../../../src/storage/partitions/known-partitions";
import type { StatsQuestion } from "../../../src/storage/questions/stats-question";
import { tupleStats } from "../../../src/storage/questions/tuple-stats";
import { emptyDatabases } from "../empty-databases";
import { eventRow, HOUR, MORNING, store } from "../seed";

const databases = databasesOf(env);
const path = { name: "path", path: ["path"] };
const price = { name: "price", path: ["price"] };

beforeAll(async () => {
  await emptyDatabases(databases);
  const row = (session: string, hour: number, data: object, visitor: string | null = null) =>
    eventRow({ session, visitor, occurredAt: MORNING + hour * HOUR, data: JSON.stringify(data) });
  await store(databases, {
    events: [
      row("a", 0, { path: "/p/1", price: 10 }, "vera"),
      row("a", 0, { path: "/p/2", price: 20 }, "vera"),
      row("b", 1, { path: "/p/1", price: "30" }, "vera"),
      row("c", 1, { price: 3 }),
    ],
  });
});

async function ask(question: Partial<StatsQuestion>) {
  const asked: StatsQuestion = {
    metric: { kind: "events", property: null },
    ...{ groupBy: [], filter: { category: null, name: null, applications: null }, properties: [] },
    bounds: [MORNING, MORNING + HOUR, MORNING + 2 * HOUR],
    ...question,
  };
  const options = { shown: { top: 10 }, templates: () => null };
  const answer = await withPartitions(databases, (map) => tupleStats(databases, map, asked, options));
  if (answer === null) throw new Error("there is no answer");
  return answer;
}

describe("statistics from events", () => {
  it.each<[string, Metric, (number | null)[]]>([
    ["events", { kind: "events", property: null }, [4, 2, 2]],
    ["sessions", { kind: "sessions", property: null }, [3, 1, 2]],
    ["visitors", { kind: "visitors", property: null }, [1, 1, 1]],
    ["sums, of numbers only", { kind: "sum", property: price }, [33, 30, 3]],
    ["quantiles", { kind: "p50", property: price }, [10, 10, 3]],
  ])("are %s by bucket", async (_, metric, [total, ...values]) => {
    const answer = await ask({ metric });
    expect(answer.total).toEqual({ total, values });
    expect(answer.accuracy).toEqual({ exact: true });
  });

  it("are grouped by a property; events without it are a group of their own", async () => {
    const { groups } = await ask({ groupBy: [{ kind: "property", property: path }] });
    expect(groups.map(({ texts, total }) => [texts[0], total])).toEqual([
      ["/p/1", 2],
      ["/p/2", 1],
      [null, 1],
    ]);
  });

  it("count only events whose property passes the filter", async () => {
    const properties = [{ property: path, ...parseValueFilter(["/p/*"]) }];
    expect((await ask({ properties })).total.total).toBe(3);
  });
});
