import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { databasesOf } from "../../../src/storage/core/databases";
import { withPartitions } from "../../../src/storage/partitions/known-partitions";
import { type SessionStatsQuestion, sessionStats } from "../../../src/storage/questions/session-stats";
import { emptyDatabases } from "../empty-databases";
import { eventRow, HOUR, MINUTE, MORNING, store } from "../seed";

const databases = databasesOf(env);
const path = { name: "path", path: ["path"] };

beforeAll(async () => {
  await emptyDatabases(databases);
  const row = (session: string, minute: number, page: string, more: object = {}) =>
    eventRow({ session, occurredAt: MORNING + minute * MINUTE, data: JSON.stringify({ path: page }), ...more });
  await store(databases, {
    events: [
      ...[row("a", 0, "/home"), row("a", 10, "/buy", { name: "click" }), row("a", 70, "/home")],
      ...[row("b", 20, "/home", { visitor: "vera" }), row("b", 22, "/help", { visitor: "vera" })],
      ...[row("c", 61, "/help", { application: "blog", visitor: "vera" })],
    ],
  });
});

async function ask(question: Partial<SessionStatsQuestion>, top = 10) {
  const asked: SessionStatsQuestion = {
    ...{ filter: { category: null, name: null, applications: null }, properties: [], groupBy: null },
    bounds: [MORNING, MORNING + HOUR, MORNING + 2 * HOUR],
    ...question,
  };
  const answer = await withPartitions(databases, (map) =>
    sessionStats(databases, map, asked, { top, templates: () => null }),
  );
  if (answer === null) throw new Error("there is no answer");
  return answer;
}

describe("statistics about sessions", () => {
  it("count a session in the bucket of its first event", async () => {
    const { total, unreadable } = await ask({});
    expect(total).toMatchObject({
      sessions: { total: 3, values: [2, 1] },
      visitors: { total: 1, values: [1, 1] },
      bounces: { total: 1, values: [0, 1] },
      events: { total: 6, values: [5, 1] },
    });
    expect(total.durations.total).toEqual({ mean: (70 * 60 + 2 * 60) / 3, p50: 120, p90: 4_200 });
    expect(total.durations.values[1]).toEqual({ mean: 0, p50: 0, p90: 0 });
    expect(unreadable).toEqual([]);
  });

  it("count only events of the period and the filter", async () => {
    expect((await ask({ bounds: [MORNING, MORNING + HOUR] })).total.events.total).toBe(4);
    const clicks = await ask({ filter: { category: null, name: "click", applications: null } });
    expect(clicks.total).toMatchObject({ sessions: { total: 1 }, bounces: { total: 1 } });
  });

  it("have no durations without sessions", async () => {
    const { total } = await ask({ bounds: [MORNING - HOUR, MORNING] });
    expect(total).toMatchObject({ sessions: { total: 0 }, durations: { total: { mean: null, p50: null, p90: null } } });
  });

  it.each<[string, SessionStatsQuestion["groupBy"], [string[], number][]]>([
    [
      "their application",
      "application",
      [
        [["shop"], 2],
        [["blog"], 1],
      ],
    ],
    ["the type of their first event", { edge: "entry", by: null }, [[["page interaction", "pageview"], 3]]],
    [
      "a property of their first event",
      { edge: "entry", by: path },
      [
        [["/home"], 2],
        [["/help"], 1],
      ],
    ],
    [
      "a property of their last event",
      { edge: "exit", by: path },
      [
        [["/help"], 2],
        [["/home"], 1],
      ],
    ],
  ])("are grouped by %s", async (_, groupBy, expected) => {
    const { groups } = await ask({ groupBy });
    expect(groups.map(({ texts, sessions }) => [texts, sessions.total])).toEqual(expected);
  });

  it("sum the groups that are not shown", async () => {
    const { groups, other } = await ask({ groupBy: "application" }, 1);
    expect(groups).toHaveLength(1);
    expect(other).toMatchObject({ groups: 1, sessions: { total: 1 }, events: { total: 1 } });
  });
});
