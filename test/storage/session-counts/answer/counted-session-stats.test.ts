import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { databasesOf } from "../../../../src/storage/core/databases";
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
};

/** One hour has a session of two events and 30 s and a bounce, the next one a session of 10 s in another application. */
beforeAll(async () => {
  await emptyDatabases(databases);
  const next = { session: "c", application: "blog" };
  await store(databases, {
    events: [
      eventRow({ session: "a" }),
      eventRow({ session: "a", occurredAt: MORNING + 30 * SECOND }),
      eventRow({ session: "b" }),
      eventRow({ ...next, occurredAt: MORNING + HOUR }),
      eventRow({ ...next, occurredAt: MORNING + HOUR + 10 * SECOND }),
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

  it("has no mean of no sessions", async () => {
    const bounds = [MORNING + DAY, MORNING + 2 * DAY];
    expect(await ask({ bounds })).toMatchObject({ groups: [], total: { durations: { total: { mean: null } } } });
  });

  it.each<[string, Partial<CountedQuestion>]>([
    ["all metrics, which include visitors", { metrics: null }],
    ["percentiles", { metrics: ["sessions", "duration_percentiles"] }],
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
