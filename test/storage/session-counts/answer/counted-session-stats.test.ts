import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../../src/storage/core/databases";
import {
  type CountedQuestion,
  countedSessionStats,
} from "../../../../src/storage/session-counts/answer/counted-session-stats";
import { rollUpSessions } from "../../../../src/storage/session-counts/roll-up-sessions";
import { emptyDatabases } from "../../empty-databases";
import { DAY, eventRow, HOUR, MINUTE, MORNING, SECOND, store } from "../../seed";

const databases = databasesOf(env);
const QUESTION: CountedQuestion = {
  bounds: [MORNING, MORNING + HOUR, MORNING + 2 * HOUR],
  applications: null,
  metrics: ["sessions", "bounces", "events", "duration_mean"],
  isExact: false,
  isRough: false,
};

/** One hour has a session of two events and 30 s and a bounce, the next one a session of 10 s in another application. */
beforeAll(async () => {
  await emptyDatabases(databases);
  const next = { session: "c", application: "blog" };
  await store(databases, {
    events: [
      eventRow({ session: "a", visitor: "v" }),
      eventRow({ session: "a", occurredAt: MORNING + 30 * SECOND, visitor: "w" }),
      eventRow({ session: "b" }),
      eventRow({ ...next, occurredAt: MORNING + HOUR, visitor: "x" }),
      eventRow({ ...next, occurredAt: MORNING + HOUR + 10 * SECOND, visitor: "v" }),
    ],
  });
  await rollUpSessions(databases, MORNING + 3 * HOUR);
});

const ask = (changes: Partial<CountedQuestion> = {}) => countedSessionStats(databases, { ...QUESTION, ...changes });

describe("countedSessionStats", () => {
  it("has the numbers of each bucket and their totals, with means over the sessions", async () => {
    const total = {
      sessions: { total: 3, values: [2, 1] },
      bounces: { total: 1, values: [1, 0] },
      events: { total: 5, values: [3, 2] },
      durations: { total: { mean: 40 / 3 }, values: [{ mean: 15 }, { mean: 10 }] },
    };
    expect(await ask()).toMatchObject({ total, groups: [{ texts: [], ...total }], other: { groups: 0 }, late: 0 });
  });

  it("answers for one application", async () => {
    expect(await ask({ applications: ["blog"] })).toMatchObject({ total: { sessions: { values: [0, 1] } } });
    expect(await ask({ applications: ["none"] })).toMatchObject({ groups: [], total: { sessions: { total: 0 } } });
  });

  it("has percentiles near the right ones, and visitors, if that is enough", async () => {
    const found = await ask({ metrics: null, isRough: true });
    expect(found).toMatchObject({ percentilesError: 0.01, visitorShare: 1, late: 0 });
    const { total, values } = found?.total.durations ?? { total: null, values: [] };
    // By nearest rank among 0, 10 and 30 s.
    expect(total?.p50).toSatisfy((p50: number) => Math.abs(p50 / 10 - 1) <= 0.01);
    expect(total?.p90).toSatisfy((p90: number) => Math.abs(p90 / 30 - 1) <= 0.01);
    expect(values.map(({ p50 }) => p50)).toEqual([0, total?.p50]);
    expect(found?.total.visitors).toEqual({ total: 3, values: [2, 2] });
    const durations = await ask({ metrics: ["duration_percentiles"], isRough: true });
    expect(durations).toMatchObject({ percentilesError: 0.01, total: { durations: { total } } });
    expect(durations?.visitorShare).toBeUndefined();
  });

  it("has no percentiles or visitors if a row has none", async () => {
    const { binding } = firstDatabase(databases);
    const set = (column: string, value: string) =>
      binding.exec(`UPDATE session_counts SET ${column} = ${value} WHERE seconds = 3600`);
    await binding.exec("CREATE TABLE before_test AS SELECT * FROM session_counts");
    await set("durations", "NULL");
    expect(await ask({ metrics: null, isRough: true })).toBeNull();
    expect(await ask({ metrics: ["sessions", "visitors"], isRough: true })).toMatchObject({ visitorShare: 1 });
    await set("visitors", "NULL");
    const without = await ask({ metrics: ["sessions", "visitors"], isRough: true });
    expect(without).toMatchObject({ visitorShare: null, total: { visitors: { total: null, values: [null, null] } } });
    expect(await ask({ metrics: ["visitors"], isRough: true })).toBeNull();
    await binding.exec("INSERT OR REPLACE INTO session_counts SELECT * FROM before_test");
    await binding.exec("DROP TABLE before_test");
  });

  it("has no mean of no sessions", async () => {
    const bounds = [MORNING + DAY, MORNING + 2 * DAY];
    expect(await ask({ bounds })).toMatchObject({ groups: [], total: { durations: { total: { mean: null } } } });
  });

  it.each<[string, Partial<CountedQuestion>]>([
    ["all metrics, which include visitors", { metrics: null }],
    ["percentiles", { metrics: ["sessions", "duration_percentiles"] }],
    ["visitors", { metrics: ["sessions", "visitors"] }],
    ["several applications together", { applications: ["shop", "blog"] }],
    ["buckets that begin within a window", { bounds: [MORNING + MINUTE, MORNING + HOUR] }],
  ])("leaves to others what counts cannot answer: %s", async (_, changes) => {
    expect(await ask(changes)).toBeNull();
  });

  it("reports late events, and has no exact answer then", async () => {
    expect(await ask({ isExact: true })).toMatchObject({ total: { sessions: { total: 3 } } });
    await store(databases, { events: [eventRow({ session: "late" })] });
    expect(await ask()).toMatchObject({ total: { sessions: { total: 3 } }, late: 1 });
    expect(await ask({ isExact: true })).toBeNull();
  });
});
